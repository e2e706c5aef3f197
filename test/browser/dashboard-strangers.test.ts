/** What values of the cache, which share the dashboard's address, get of it: nothing. */

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import { startChromium } from './chromium.ts'
import { DashboardPage, TOKEN } from './dashboard-page.ts'

let worker: WorkerServer
let browser: Browser
let dashboard: DashboardPage

beforeAll(async () => {
  worker = await startWorker({ vars: { ADMIN_TOKEN: TOKEN } })
  browser = await startChromium()
})

afterEach(() => dashboard?.close())

afterAll(async () => {
  await browser?.close()
  await worker?.close()
})

async function put(key: string, contentType: string, body: string): Promise<void> {
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': contentType }
  const response = await worker.get(`/cache/scores/${key}`, { method: 'PUT', headers, body })
  expect(response.status).toBe(204)
}

async function signedIn(): Promise<Page> {
  dashboard = await DashboardPage.signedIn(browser, worker)
  return dashboard.page
}

test.each(['text/html', 'text/plain; charset=utf-8, text/html'])(
  'a page of type %s in the same tab has an origin of its own',
  async (contentType) => {
    const key = encodeURIComponent(contentType)
    await put(key, contentType, '<script>document.title = "of " + origin</script>')
    const page = await signedIn()

    await page.goto(new URL(`/cache/scores/${key}`, worker.url).href)

    expect(await page.title()).toBe('of null')
  },
)

test('markup that would run a cached script is not taken for markup', async () => {
  await put('script', 'text/javascript', 'parent.document.title = "ran"')
  const page = await signedIn()

  const refusal = await page.evaluate(() => {
    try {
      document.body.innerHTML = '<iframe srcdoc="<script src=/cache/scores/script></script>">'
      return undefined
    } catch (error) {
      return (error as Error).name
    }
  })

  expect(refusal).toBe('TypeError')
})
