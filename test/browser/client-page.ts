/** Owns a web page, in a real browser, that has nothing but the client. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { startChromium } from './chromium.ts'

const SOURCE = join(import.meta.dirname, '../../src/client')

const PAGE = `<!doctype html>
<title>A page of another origin</title>
<link rel="icon" href="data:,">
<script type="module">
  import { createClient } from './client/client.ts'
  globalThis.createClient = createClient
</script>`

declare global {
  /** What the page has, for functions that are run in it. */
  var createClient: typeof import('../../src/client/client.ts').createClient
}

export interface ClientPage {
  readonly page: Page
  readonly origin: string
  /** What went wrong in the page, other than in what a test has run there. */
  readonly failures: readonly string[]
  close(): Promise<void>
}

export async function openClientPage(): Promise<ClientPage> {
  const server = createServer(({ url = '/' }, response) => {
    const file = /^\/client\/([\w-]+\.ts)$/.exec(url)?.[1]
    response.setHeader('Content-Type', file === undefined ? 'text/html' : 'text/javascript')
    response.end(file === undefined ? PAGE : scriptOf(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await startChromium()
  const page = await browser.newPage()
  const failures: string[] = []
  page.on('pageerror', (error) => failures.push(String(error)))
  await page.goto(origin)
  return {
    page,
    origin,
    failures,
    close: async () => {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Node takes the types out; the browser then loads the files as they import each other. */
function scriptOf(file: string): string {
  return stripTypeScriptTypes(readFileSync(join(SOURCE, file), 'utf8'))
}
