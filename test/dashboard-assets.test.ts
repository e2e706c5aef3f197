import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ASSETS_FILE, assetsModule } from '../scripts/dashboard-assets.ts'
import { script, style } from '../src/edge/dashboard/assets.ts'
import { dashboardPage } from '../src/edge/dashboard/page.tsx'

const MOST_BYTES = 60 * 1024

test('the script and the style sheet are those that the source gives: else npm run build:dashboard', async () => {
  const made = await assetsModule()

  expect(made === readFileSync(ASSETS_FILE, 'utf8')).toBe(true)
})

test('page, script and style sheet are less than 60 KiB gzipped', () => {
  const bytes = [dashboardPage(), script, style].map((text) => gzipSync(text).byteLength)

  expect(Math.min(...bytes)).toBeGreaterThan(500)
  expect(bytes.reduce((sum, length) => sum + length)).toBeLessThan(MOST_BYTES)
})

test('the page has no script and no style of its own, which its policy would refuse', () => {
  const page = dashboardPage()

  expect(page).toMatch(/^<!doctype html><html lang="en"><head>/)
  expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?! type="module" src="dashboard\.js")/)
  expect(page).not.toMatch(/https?:/)
})
