/** Owns the dashboard in a real browser, in front of a Worker, and what went wrong in it. */

import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { WorkerServer } from '../support/worker-server.ts'

export const TOKEN = 'correct-horse'

export class DashboardPage {
  readonly page: Page
  readonly #context: BrowserContext
  /** Errors of the page's script, and what the console calls an error: violations of the policy too. */
  readonly failures: string[] = []
  /** How many reports the page has asked for. */
  polls = 0

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
    page.on('pageerror', (error) => this.failures.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') this.failures.push(message.text())
    })
    page.on('request', (request) => {
      if (request.url().endsWith('/admin/stats')) this.polls++
    })
  }

  static async open(
    browser: Browser,
    worker: WorkerServer,
    options: BrowserContextOptions = {},
  ): Promise<DashboardPage> {
    const context = await browser.newContext(options)
    const dashboard = new DashboardPage(context, await context.newPage())
    await dashboard.page.goto(worker.url.href)
    return dashboard
  }

  static async signedIn(
    browser: Browser,
    worker: WorkerServer,
    options: BrowserContextOptions = {},
  ): Promise<DashboardPage> {
    const dashboard = await DashboardPage.open(browser, worker, options)
    await dashboard.signIn()
    await dashboard.isShown()
    return dashboard
  }

  async signIn(token = TOKEN): Promise<void> {
    await this.page.getByLabel('Token', { exact: true }).fill(token)
    await this.page.getByRole('button', { name: 'Sign in' }).click()
  }

  async isShown(): Promise<void> {
    await this.page.getByRole('heading', { name: 'Groups', exact: true }).waitFor()
  }

  /** The section with this heading. */
  section(heading: string): Locator {
    return this.page.getByRole('region', { name: heading, exact: true })
  }

  /** The cells of one row of a table, by the names of their columns. */
  async row(caption: string, name: string): Promise<Record<string, string>> {
    const table = this.page.getByRole('table', { name: caption })
    const header = this.page.getByRole('rowheader', { name, exact: true })
    const row = table.getByRole('row').filter({ has: header })
    const [columns, cells] = await Promise.all([
      table.getByRole('columnheader').allTextContents(),
      row.locator('th, td').allTextContents(),
    ])
    return Object.fromEntries(columns.map((column, i) => [column, (cells[i] ?? '').trim()]))
  }

  async close(): Promise<void> {
    await this.#context.close()
  }
}
