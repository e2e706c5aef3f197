/** Owns the command `npm run screenshot`: docs/dashboard.png, of the real page in front of real traffic. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChromium } from '../test/browser/chromium.ts'
import { startHttpOrigin } from '../test/support/http-origin.ts'
import { startWorker } from '../test/support/worker-server.ts'
import { withPalette } from './palette-png.ts'

const FILE = join(import.meta.dirname, '../docs/dashboard.png')
const TOKEN = 'change-me'
const TRAFFIC_MS = 100_000

const origin = await startHttpOrigin()
origin.answer = async (request, response) => {
  const size = 500 + (((request.url ?? '').length * 977) % 6_000)
  await sleep(15 + Math.random() ** 3 * 350)
  if (Math.random() < 0.01) response.statusCode = 500
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end('x'.repeat(size))
}
const GROUPS = {
  pages: { origin: origin.url, ttl: '20s', staleWhileRevalidate: '1m' },
  products: { origin: `${origin.url}/products`, ttl: '5s', hotTtl: '2s', maxBytes: '64KiB' },
}
const worker = await startWorker({
  configPath: 'wrangler.toml',
  vars: { GROUPS, ADMIN_TOKEN: TOKEN },
})
const browser = await startChromium()

const page = await browser.newPage({
  viewport: { width: 1200, height: 1240 },
  colorScheme: 'light',
})
await page.goto(worker.url.href)
await page.getByLabel('Token', { exact: true }).fill(TOKEN)
await page.getByRole('button', { name: 'Sign in' }).click()
await traffic()
await page.getByLabel('Key', { exact: true }).first().fill('guide/0')
await page.getByRole('button', { name: 'Which node owns it?' }).click()
await page.getByText('is owned by').waitFor()
await page.evaluate(() => {
  ;(document.activeElement as HTMLElement).blur()
  scrollTo(0, 0)
})
writeFileSync(FILE, withPalette(await page.screenshot()))

await browser.close()
await worker.close()
await origin.close()

/** Some keys are asked for far more often than others, and more is asked at some times than at others. */
async function traffic(): Promise<void> {
  const endMs = Date.now() + TRAFFIC_MS
  while (Date.now() < endMs) {
    const wave = 1 + Math.sin(Date.now() / 9_000)
    const asked = Array.from({ length: 2 + Math.round(wave * 5) }, () => {
      const number = Math.floor(Math.random() ** 4 * 400)
      if (Math.random() < 0.15) return '/cache/scores/Tom'
      return Math.random() < 0.6 ? `/cache/pages/guide/${number}` : `/cache/products/${number}`
    })
    await Promise.all(asked.map(async (path) => (await worker.get(path)).arrayBuffer()))
    await sleep(80)
  }
}
