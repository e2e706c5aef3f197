/** Purges from the dashboard: what is asked before, what is said after, and that the origin is asked again. */

import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import { startChromium } from './chromium.ts'
import { DashboardPage, TOKEN } from './dashboard-page.ts'

let origin: HttpOriginServer
let worker: WorkerServer
let browser: Browser
let dashboard: DashboardPage

beforeAll(async () => {
  origin = await startHttpOrigin()
  const pages = { origin: origin.url, ttl: '1h', staleWhileRevalidate: '1h', hotTtl: '0s' }
  worker = await startWorker({ vars: { GROUPS: { pages }, ADMIN_TOKEN: TOKEN } })
  browser = await startChromium()
})

afterEach(async () => {
  await dashboard?.close()
  expect(dashboard?.failures).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  await worker?.close()
  await origin?.close()
})

async function get(path: string): Promise<Response> {
  const response = await worker.get(`/cache/pages/${path}`)
  await response.arrayBuffer()
  return response
}

async function form(): Promise<Locator> {
  dashboard = await DashboardPage.signedIn(browser, worker)
  const purge = dashboard.section('Purge')
  await purge.getByLabel('Group', { exact: true }).selectOption('pages')
  return purge
}

async function confirm(purge: Locator, question: string): Promise<void> {
  await purge.getByRole('button', { name: 'Purge…' }).click()
  const dialog = dashboard.page.getByRole('dialog', { name: 'Purge?' })
  expect(await dialog.textContent()).toContain(question)
  await dialog.getByRole('button', { name: 'Purge', exact: true }).click()
}

function outcome(purge: Locator): Promise<string | null> {
  return purge.getByRole('status').textContent()
}

test('a key is purged once that is confirmed, and its origin is asked again', async () => {
  await get('key')
  const purge = await form()
  await purge.getByLabel('Key', { exact: true }).fill('key')
  await confirm(purge, 'The key key in the group pages will be dropped')

  await expect
    .poll(() => outcome(purge))
    .toBe('Purged the key key of pages.Nodes3Entries1Failednone')
  expect(origin.countOf('/key')).toBe(1)
  await get('key')
  expect(origin.countOf('/key')).toBe(2)
})

test('a purge that is not confirmed does not happen', async () => {
  await get('spared')
  const purge = await form()
  await purge.getByLabel('Key', { exact: true }).fill('spared')
  await purge.getByRole('button', { name: 'Purge…' }).click()
  const dialog = dashboard.page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  expect(await dialog.count()).toBe(0)
  expect(await outcome(purge)).toBe('')
  await get('spared')
  expect(origin.countOf('/spared')).toBe(1)
})

test('whatever has a tag is purged', async () => {
  origin.answer = (request, response) => {
    if (request.url?.startsWith('/tagged')) response.setHeader('Cache-Tag', 'news')
    response.end('a value')
  }
  await Promise.all(['tagged/1', 'tagged/2', 'untagged'].map(get))
  const purge = await form()
  await purge.getByLabel('a tag').check()
  await purge.getByLabel('Tag', { exact: true }).fill('news')
  await confirm(purge, 'Whatever has the tag news in the group pages')

  await expect
    .poll(() => outcome(purge))
    .toBe('Purged the tag news of pages.Nodes16Entries2Failednone')
  await Promise.all(['tagged/1', 'tagged/2', 'untagged'].map(get))
  expect(origin.countOf('/tagged/1')).toBe(2)
  expect(origin.countOf('/tagged/2')).toBe(2)
  expect(origin.countOf('/untagged')).toBe(1)
})

test('a whole group is made stale', async () => {
  await get('soft')
  const purge = await form()
  await purge.getByLabel('the whole group').check()
  expect(await purge.getByRole('textbox').count()).toBe(0)
  await purge.getByLabel('softly').check()
  await confirm(purge, 'Everything in the group pages will be made stale')

  await expect
    .poll(() => outcome(purge))
    .toMatch(/^Purged the whole group pages\.Nodes16Entries\d+Failednone$/)
  const stale = await get('soft')
  expect(stale.headers.get('cache-status')).toMatch(
    /^node-\d+; fwd=stale; ttl=-\d+, edge; fwd=miss$/,
  )
})

test('a key that was looked up is purged from there', async () => {
  await get('found')
  dashboard = await DashboardPage.signedIn(browser, worker)
  const find = dashboard.section('Find a key')
  await find.getByLabel('Group').selectOption('pages')
  await find.getByLabel('Key').fill('found')
  await find.getByRole('button', { name: 'Look it up' }).click()
  await find.getByRole('button', { name: 'Purge this key…' }).click()
  await dashboard.page
    .getByRole('dialog')
    .getByRole('button', { name: 'Purge', exact: true })
    .click()

  const purge = dashboard.section('Purge')
  await expect.poll(() => outcome(purge)).toContain('Purged the key found of pages.')
})

test('nodes that a purge did not reach are named', async () => {
  const purge = await form()
  const report = { ok: false, nodes: 2, entries: 1, failed: ['node-5'] }
  await dashboard.page.route('**/admin/purge', (route) =>
    route.fulfill({ status: 502, json: report }),
  )
  await purge.getByLabel('Key', { exact: true }).fill('key')
  await confirm(purge, 'The key key')

  await expect
    .poll(() => outcome(purge))
    .toBe('Not purged everywhere: the key key of pages.Nodes2Entries1Failednode-5')
  // The browser itself says so of each answer with this status.
  expect(dashboard.failures.splice(0)).toEqual([expect.stringContaining('502')])
})

test('the keyboard alone is enough', async () => {
  await get('typed')
  dashboard = await DashboardPage.open(browser, worker)
  const { page } = dashboard
  const focused = () => page.evaluate(() => document.activeElement?.id ?? '')
  const tabTo = async (id: string) => {
    await expect
      .poll(
        async () => {
          await page.keyboard.press('Tab')
          return focused()
        },
        { interval: 0 },
      )
      .toBe(id)
  }
  await tabTo('token')
  await page.keyboard.type(TOKEN)
  await page.keyboard.press('Enter')
  await dashboard.isShown()
  await tabTo('purge-group')
  await page.keyboard.type('pages')
  await tabTo('purge-name')
  await page.keyboard.type('typed')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()

  await page.keyboard.press('Escape')
  expect(await dialog.count()).toBe(0)
  expect(await focused()).toBe('purge-name')

  await page.keyboard.press('Enter')
  await dialog.waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect
    .poll(() => outcome(dashboard.section('Purge')))
    .toBe('Purged the key typed of pages.Nodes3Entries1Failednone')
  expect(await focused()).toBe('purge-name')
})
