/** Your groups. A group is a namespace of values with one loader; the samples may go. */

import type { GroupDefinitions } from './config/config.ts'

const SCORES: ReadonlyMap<string, string> = new Map([
  ['Tom', '630'],
  ['Jack', '589'],
  ['Sam', '567'],
])

export const groups = {
  /** The smallest loader: a look-up. `null` means "not found". */
  scores: {
    load: (key) => SCORES.get(key) ?? null,
  },

  /** A real one: a public API that limits its callers, asked about once a minute for a repository in use. */
  github: {
    ttl: '60s',
    timeout: '5s',
    load: async (key, { signal }) => {
      // The key is whatever a client sent: it becomes a part of a URL only when it has the right form.
      if (!/^[\w.-]+\/[\w.-]+$/.test(key) || key.split('/').includes('..')) return null
      const response = await fetch(`https://api.github.com/repos/${key}`, {
        headers: { 'User-Agent': 'workers-groupcache', Accept: 'application/vnd.github+json' },
        signal,
      })
      if (response.status === 404) return null
      if (!response.ok) throw new Error(`GitHub answered with status ${response.status}`)
      const { stargazers_count: stars, open_issues_count: openIssues } = await response.json<{
        stargazers_count: number
        open_issues_count: number
      }>()
      return { value: JSON.stringify({ stars, openIssues }), contentType: 'application/json' }
    },
  },
} satisfies GroupDefinitions
