/** Links within the documentation: the file that each names is there, and has the heading. */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const PAGES = globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md'], { cwd: ROOT }).map((page) =>
  join(ROOT, page),
)

function withoutCode(page: string): string {
  return readFileSync(page, 'utf8').replace(/^(`{3,}).*?^\1/gms, '')
}

/** The anchors that GitHub gives to headings, a second one of the same text with "-1". */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, text = ''] of withoutCode(page).matchAll(/^#{1,6} +(.+)$/gm)) {
    const words = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    for (let i = 0; ; i++) {
      const unique = i === 0 ? anchor : `${anchor}-${i}`
      if (anchors.has(unique)) continue
      anchors.add(unique)
      break
    }
  }
  return anchors
}

function linksOf(page: string): string[] {
  const text = withoutCode(page).replace(/`[^`]*`/g, '')
  const links = text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)/gm)
  return Array.from(links, ([, inline, reference]) => inline ?? reference ?? '').filter(
    (link) => !/^[a-z]+:/i.test(link),
  )
}

/** What is wrong with a link, if anything. */
function faultOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(file)) return `${link}: no such file`
  if (anchor === undefined || anchorsOf(file).has(anchor)) return undefined
  return `${link}: no such heading`
}

test.each(PAGES.map((page) => [relative(ROOT, page), page]))(
  '%s links to what is there',
  (_, page) => {
    const faults = linksOf(page).map((link) => faultOf(page, link))

    expect(faults.filter((fault) => fault !== undefined)).toEqual([])
  },
)

test('there are links to look at, to headings too', () => {
  const links = PAGES.flatMap(linksOf)

  expect(links.length).toBeGreaterThan(20)
  expect(links.filter((link) => link.includes('#')).length).toBeGreaterThan(5)
})
