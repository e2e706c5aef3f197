/** The dashboard's token, and its polls. */

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import { startChromium } from './chromium.ts'
import { DashboardPage } from './dashboard-page.ts'

const POLL_EVERY_MS = 2_000

let worker: WorkerServer
/** Has no token. */
let locked: WorkerServer
let browser: Browser
let dashboard: DashboardPage | undefined

beforeAll(async () => {
  worker = await startWorker({ vars: { ADMIN_TOKEN: 'correct-horse' } })
  locked = await startWorker()
  browser = await startChromium()
})

afterEach(async () => {
  await dashboard?.close()
  dashboard = undefined
})

afterAll(async () => {
  await browser?.close()
  await worker?.close()
  await locked?.close()
})

async function opened(of = worker): Promise<DashboardPage> {
  dashboard = await DashboardPage.open(browser, of)
  return dashboard
}

async function signedIn(): Promise<DashboardPage> {
  dashboard = await DashboardPage.signedIn(browser, worker)
  return dashboard
}

function tokenField(page: Page) {
  return page.getByLabel('Token', { exact: true })
}

/** What a browser does when another tab is shown, which without a screen it never is. */
async function setVisibility(page: Page, state: 'visible' | 'hidden'): Promise<void> {
  await page.evaluate((visibilityState) => {
    Object.defineProperty(document, 'visibilityState', {
      configurable: true,
      value: visibilityState,
    })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)
}

describe('the token', () => {
  test('is asked for again when it is wrong', async () => {
    const { page, ...shown } = await opened()
    await dashboard?.signIn('battery-staple')

    await page.getByText("That is not this Worker's token.").waitFor()
    expect(await tokenField(page).inputValue()).toBe('battery-staple')
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
    // The browser itself says so of each answer with this status.
    expect(shown.failures).toEqual([expect.stringContaining('401')])

    await dashboard?.signIn()
    await dashboard?.isShown()
  })

  test('that no header can carry is refused without being sent', async () => {
    const shown = await opened()
    await shown.signIn('größer')

    await shown.page.getByText('That cannot be a token').waitFor()
    expect(shown.polls).toBe(0)
  })

  test('that the Worker does not have: the page says how to set one', async () => {
    const { page } = await opened(locked)
    await dashboard?.signIn()

    await page.getByText('This Worker has no token').waitFor()
    await page.getByText('npx wrangler secret put ADMIN_TOKEN').waitFor()
  })

  test('outlives a reload, and not being forgotten', async () => {
    const shown = await signedIn()
    await shown.page.reload()
    await shown.isShown()

    await shown.page.getByRole('button', { name: 'Forget token' }).click()
    await tokenField(shown.page).waitFor()
    await shown.page.reload()
    await tokenField(shown.page).waitFor()
    expect(await shown.page.evaluate(() => [sessionStorage.length, localStorage.length])).toEqual([
      0, 0,
    ])
    expect(await shown.page.context().cookies()).toEqual([])
    expect(shown.failures).toEqual([])
  })

  test('that is changed meanwhile ends the session', async () => {
    const { page } = await signedIn()
    const denied = { code: 'unauthorized', detail: 'The token is wrong.' }
    await page.route('**/admin/stats', (route) =>
      route.fulfill({ status: 401, contentType: 'application/problem+json', json: denied }),
    )

    await page.getByText("That is not this Worker's token.").waitFor()
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  })
})

describe('polls', () => {
  test('stop while the page is hidden, and go on at once when it is shown', async () => {
    const { page } = await opened()
    await page.clock.install()
    await page.reload()
    await dashboard?.signIn()
    await dashboard?.isShown()
    const polls = () => dashboard?.polls
    const before = polls() as number
    await page.clock.runFor(POLL_EVERY_MS)
    await expect.poll(polls).toBe(before + 1)
    await page.waitForLoadState('networkidle')

    await setVisibility(page, 'hidden')
    await page.clock.runFor(10 * POLL_EVERY_MS)
    expect(polls()).toBe(before + 1)

    await setVisibility(page, 'visible')
    await expect.poll(polls).toBe(before + 2)
  })

  test('never overlap, however long an answer takes', async () => {
    const { page } = await opened()
    await page.clock.install()
    await page.reload()
    await dashboard?.signIn()
    await dashboard?.isShown()
    const held = Promise.withResolvers<void>()
    await page.route('**/admin/stats', async (route) => {
      await held.promise
      await route.continue()
    })
    const polls = () => dashboard?.polls
    const before = polls() as number
    await expect
      .poll(async () => {
        await page.clock.runFor(POLL_EVERY_MS)
        return polls()
      })
      .toBe(before + 1)

    await page.clock.runFor(2 * POLL_EVERY_MS)
    await setVisibility(page, 'hidden')
    await setVisibility(page, 'visible')
    expect(polls()).toBe(before + 1)

    held.resolve()
    await expect
      .poll(async () => {
        await page.clock.runFor(POLL_EVERY_MS)
        return polls()
      })
      .toBeGreaterThan(before + 1)
  })

  test('leave alone what is typed, chosen, focused and open', async () => {
    const shown = await signedIn()
    const { page } = shown
    const find = shown.section('Find a key')
    const purge = shown.section('Purge')
    await purge.getByLabel('Group', { exact: true }).selectOption('scores')
    await purge.getByLabel('a tag').check()
    await purge.getByLabel('Tag', { exact: true }).fill('half')
    await find.getByLabel('Key').fill('half a key')
    await find.getByLabel('Key').press('Home')
    const before = shown.polls

    await expect.poll(() => shown.polls).toBeGreaterThan(before + 1)
    await page.keyboard.type('not ')
    expect(await find.getByLabel('Key').inputValue()).toBe('not half a key')
    expect(await purge.getByLabel('Group', { exact: true }).inputValue()).toBe('scores')
    expect(await purge.getByLabel('Tag', { exact: true }).inputValue()).toBe('half')

    await purge.getByRole('button', { name: 'Purge…' }).click()
    const open = shown.polls
    await expect.poll(() => shown.polls).toBeGreaterThan(open + 1)
    expect(await page.getByRole('dialog').isVisible()).toBe(true)
  })
})

describe('what cannot be reached', () => {
  test('a node: it is named, and the rest goes on', async () => {
    const shown = await signedIn()
    await shown.page.route('**/admin/stats', async (route) => {
      const response = await route.fetch()
      const report = (await response.json()) as StatsReport
      const nodes = report.nodes.filter(({ node }) => node !== 'node-3')
      await route.fulfill({ response, json: { ...report, nodes, failed: ['node-3'] } })
    })

    await shown.page.getByText('Not reached: node-3').waitFor()
    const caption = 'Nodes, in the order of their names'
    expect(await shown.row(caption, 'node-3')).toMatchObject({ State: 'not reached', Gets: '–' })
    expect(await shown.row(caption, 'node-4')).toMatchObject({ State: 'reached', Gets: '0' })
    expect(await shown.page.locator('.ring g.failed title').textContent()).toBe(
      'node-3: not reached',
    )
    expect(shown.failures).toEqual([])
  })

  test('the Worker: the last figures stay, and say since when they are old', async () => {
    const shown = await signedIn()
    const { page } = shown
    await worker.get('/cache/scores/Tom')
    const gets = async () =>
      (await shown.row('Groups, counted since each node began', 'scores')).Gets
    await expect.poll(gets).toBe('1')

    await page.route('**/admin/stats', (route) => route.abort())
    await page.getByText(/^No answer since \d\d:\d\d:\d\d$/).waitFor()
    await page.getByText('The Worker does not answer').waitFor()
    expect(await gets()).toBe('1')

    await page.unroute('**/admin/stats')
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await page.getByText('The Worker does not answer').count()).toBe(0)
  })

  test('the Worker, before anything was shown: it is asked again until it answers', async () => {
    const shown = await opened()
    await shown.page.route('**/admin/stats', (route) => route.abort(), { times: 1 })
    await shown.signIn()

    await shown.page.getByText('No answer from the Worker').waitFor()
    await shown.isShown()
  })
})

test('without JavaScript the page says that it needs it', async () => {
  dashboard = await DashboardPage.open(browser, worker, { javaScriptEnabled: false })

  const hint = dashboard.page.locator('noscript p')
  expect(await hint.isVisible()).toBe(true)
  expect(await hint.textContent()).toContain('The dashboard needs JavaScript.')
  expect(await tokenField(dashboard.page).isDisabled()).toBe(true)
  expect(dashboard.failures).toEqual([])
})
