/** The dashboard for everyone: assistive technology, dark, on a phone, with as many nodes as there may be. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import { startChromium } from './chromium.ts'
import { DashboardPage, TOKEN } from './dashboard-page.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let worker: WorkerServer
/** Has 512 nodes. */
let large: WorkerServer
let browser: Browser
let dashboard: DashboardPage | undefined

beforeAll(async () => {
  worker = await startWorker({ vars: { ADMIN_TOKEN: TOKEN } })
  large = await startWorker({ vars: { ADMIN_TOKEN: TOKEN, NODES: 512 } })
  browser = await startChromium()
  for (let i = 0; i < 40; i++) await worker.get(`/cache/echo/a-long-key-of-many-words/${i % 7}`)
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
  await large?.close()
})

const VIEWS: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light', viewport: { width: 1200, height: 900 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1200, height: 900 } }],
  ['on a phone', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
]

/** By evaluation, which the page's policy does not restrict: what the page may load stays as it is. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

async function scrollWidth(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth)
}

/** With all that can be open, open. */
async function withEverythingShown(options: BrowserContextOptions): Promise<Page> {
  dashboard = await DashboardPage.signedIn(browser, worker, options)
  const find = dashboard.section('Find a key')
  await find.getByLabel('Group').selectOption('echo')
  await find.getByLabel('Key').fill('a-long-key-of-many-words/1')
  await find.getByRole('button', { name: 'Look it up' }).click()
  await find.locator('pre').waitFor()
  const polls = dashboard.polls
  await expect.poll(() => dashboard?.polls).toBeGreaterThan(polls + 1)
  return dashboard.page
}

describe.each(VIEWS)('%s', (_, options) => {
  test('signed out', async () => {
    dashboard = await DashboardPage.open(browser, worker, options)
    const { page } = dashboard
    await page.getByRole('button', { name: 'Sign in' }).waitFor()

    expect(await findings(page)).toEqual([])
    expect(await scrollWidth(page)).toBe(options.viewport?.width)
  })

  test('signed in', async () => {
    const page = await withEverythingShown(options)

    expect(await findings(page)).toEqual([])
    expect(await scrollWidth(page)).toBe(options.viewport?.width)
  })

  test('asked whether a purge is meant', async () => {
    const page = await withEverythingShown(options)
    await page.getByRole('button', { name: 'Purge this key…' }).click()
    await page.getByRole('dialog').waitFor()

    expect(await findings(page)).toEqual([])
  })
})

test('in the dark the page is dark, and so are the charts', async () => {
  const page = await withEverythingShown({ colorScheme: 'light' })
  const brightness = () =>
    page.evaluate(() => {
      const [red = 0] = getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []
      return Number(red)
    })
  /** The pixels of a chart, all in one text. */
  const drawn = () => page.evaluate(() => document.querySelector('canvas')?.toDataURL())
  expect(await brightness()).toBeGreaterThan(200)
  await page.route('**/admin/stats', (route) => route.abort())
  const light = await drawn()

  await page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(brightness).toBeLessThan(50)
  await expect.poll(drawn).not.toBe(light)
  await page.emulateMedia({ colorScheme: 'light' })
  await expect.poll(drawn).toBe(light)
  dashboard?.failures.splice(0)
})

test('512 nodes are drawn, and listed, within the width of a phone', async () => {
  const viewport = { width: 360, height: 740 }
  dashboard = await DashboardPage.signedIn(browser, large, { viewport })
  const { page } = dashboard

  expect(await page.locator('.ring g').count()).toBe(512)
  expect(await page.locator('.ring .ring-name').count()).toBe(0)
  const table = page.getByRole('table', { name: 'Nodes, in the order of their names' })
  expect(await table.getByRole('row').count()).toBe(513)
  expect(await scrollWidth(page)).toBe(360)
  const polls = dashboard.polls
  await expect.poll(() => dashboard?.polls).toBeGreaterThan(polls + 1)
})
