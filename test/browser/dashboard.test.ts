/** What the dashboard shows of a Worker with traffic. */

import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import { startChromium } from './chromium.ts'
import { DashboardPage, TOKEN } from './dashboard-page.ts'

const GROUPS_CAPTION = 'Groups, counted since each node began'
const NODES_CAPTION = 'Nodes, in the order of their names'
const MARKUP = '<img src=x onerror=alert(1)>'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

let origin: HttpOriginServer
let worker: WorkerServer
let browser: Browser
let dashboard: DashboardPage | undefined

beforeAll(async () => {
  origin = await startHttpOrigin()
  const GROUPS = { pages: { origin: origin.url }, quiet: { origin: origin.url } }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
  browser = await startChromium()
})

afterEach(async () => {
  const failures = dashboard?.failures
  await dashboard?.close()
  dashboard = undefined
  expect(failures ?? []).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  await worker?.close()
  await origin?.close()
})

async function get(path: string): Promise<string> {
  return (await worker.get(path)).text()
}

async function opened(): Promise<DashboardPage> {
  dashboard = await DashboardPage.signedIn(browser, worker)
  return dashboard
}

test('an empty cache says what to do', async () => {
  const { page } = await opened()

  const hint = page.getByText('No traffic yet.')
  await hint.waitFor()
  expect(await hint.textContent()).toContain(`curl -i ${worker.url.href}cache/`)

  await get('/cache/pages/first')
  await expect.poll(() => hint.count()).toBe(0)
})

test('figures follow real traffic', async () => {
  const shown = await opened()
  const ratio = async () => (await shown.row(GROUPS_CAPTION, 'quiet'))['Hit ratio']
  expect(await ratio()).toBe('–')

  await get('/cache/quiet/a')
  await expect.poll(ratio).toBe('0%')
  for (let i = 0; i < 3; i++) await get('/cache/quiet/a')
  await expect.poll(ratio).toBe('75%')

  expect(await shown.row(GROUPS_CAPTION, 'quiet')).toMatchObject({
    Gets: '4',
    Loads: '1',
    Errors: '0',
    Entries: '1',
  })
  const figures = shown.page.locator('.figures')
  await shown.page.getByLabel('Figures of').selectOption('quiet')
  await expect.poll(() => figures.textContent()).toMatch(/Hit ratio75% .*4 in all/)
  await expect
    .poll(() => shown.page.locator('.chart .legend').first().textContent())
    .toMatch(/^hit ratio (–|\d+(\.\d)?%)at \d\d:\d\d:\d\d$/)
})

test('every node is in the table and in the ring, with its share', async () => {
  const shown = await opened()

  const ring = await (await worker.get('/admin/ring', { headers: AUTHORIZED })).json()
  const { nodes } = ring as { nodes: { name: string; share: number }[] }
  expect(nodes).toHaveLength(16)
  for (const { name, share } of nodes) {
    const { Share, State } = await shown.row(NODES_CAPTION, name)
    expect(Number.parseFloat(Share as string)).toBeCloseTo(share * 100, 0)
    expect(State).toBe('reached')
  }
  expect(await shown.page.locator('.ring g').count()).toBe(16)
})

describe('a key', () => {
  test('has the owner that the ring has', async () => {
    const shown = await opened()
    const find = shown.section('Find a key')
    await find.getByLabel('Group').selectOption('pages')
    await find.getByLabel('Key').fill('guide/start')
    await find.getByRole('button', { name: 'Which node owns it?' }).click()

    const path = '/admin/ring?group=pages&key=guide%2Fstart'
    const ring = await (await worker.get(path, { headers: AUTHORIZED })).json()
    const { owner, guests } = ring as { owner: string; guests: string[] }
    const found = `guide/start of pages is owned by ${owner}; ${guests.join(', then ')} would stand in.`
    await expect.poll(() => find.getByRole('status').textContent()).toBe(found)
    expect(origin.countOf('/guide/start')).toBe(0)
    const marked = shown.page.locator('tr.owner').getByRole('rowheader')
    await expect.poll(() => marked.textContent()).toBe(owner)
  })

  test('is looked up, with all that belongs to its value', async () => {
    const shown = await opened()
    const find = shown.section('Find a key')
    await find.getByLabel('Group').selectOption('pages')
    await find.getByLabel('Key').fill('looked/up')
    await find.getByRole('button', { name: 'Look it up' }).click()

    const facts = find.locator('dl')
    await facts.waitFor()
    const text = await facts.textContent()
    expect(text).toMatch(/Content typetext\/plainSize22 BETag"\w{32}"Age\d/)
    expect(text).toMatch(
      /Freshfor another \d+ sCache-Statusnode-\d+; fwd=miss; stored, edge; fwd=miss/,
    )
    expect(await find.locator('pre').textContent()).toBe('origin says /looked/up')
  })

  test('that does not exist, and one that fails, are told apart', async () => {
    origin.answer = (request, response) => {
      response.statusCode = request.url === '/gone' ? 404 : 500
      response.end()
    }
    const shown = await opened()
    const find = shown.section('Find a key')
    await find.getByLabel('Group').selectOption('pages')
    const lookUp = async (key: string) => {
      await find.getByLabel('Key').fill(key)
      await find.getByRole('button', { name: 'Look it up' }).click()
    }

    await lookUp('gone')
    await expect
      .poll(() => find.getByRole('status').textContent())
      .toContain('There is no such key')
    await lookUp('broken')
    await expect.poll(() => find.getByRole('status').textContent()).not.toContain('no such key')
    await expect.poll(() => find.locator('.notice.bad').count()).toBe(1)
  })
})

test('markup in keys, types, tags and values is text, and nothing of it runs', async () => {
  origin.answer = (_, response) => response.end()
  await worker.get(`/cache/echo/${encodeURIComponent(MARKUP)}`, {
    method: 'PUT',
    headers: { ...AUTHORIZED, 'Content-Type': `text/plain; x="${MARKUP}"` },
    body: `<script>alert(2)</script>${MARKUP}`,
  })
  await get(`/cache/echo/${encodeURIComponent(MARKUP)}`)
  const shown = await opened()
  const dialogs: string[] = []
  shown.page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  const find = shown.section('Find a key')
  await find.getByLabel('Group').selectOption('echo')
  await find.getByLabel('Key').fill(MARKUP)
  await find.getByRole('button', { name: 'Look it up' }).click()
  await find.locator('dl').waitFor()

  expect(await find.getByRole('status').textContent()).toContain(`${MARKUP} of echo is owned by`)
  expect(await find.locator('dl').textContent()).toContain(`text/plain; x="${MARKUP}"`)
  expect(await find.locator('pre').textContent()).toBe(`<script>alert(2)</script>${MARKUP}`)
  const hot = shown.page.getByRole('table', { name: 'Hot keys of echo' })
  await expect.poll(() => hot.getByRole('rowheader', { name: MARKUP }).count()).toBe(1)
  await find.getByRole('button', { name: 'Purge this key…' }).click()
  expect(await shown.page.getByRole('dialog').textContent()).toContain(MARKUP)
  expect(await shown.page.locator('img, main script').count()).toBe(0)
  expect(dialogs).toEqual([])
})
