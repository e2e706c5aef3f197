/** The groups of the Worker under test: what src/groups.ts holds is the user's own. */

import type { GroupDefinitions } from '../../../src/config/config.ts'

/** What the group `durable` has loaded, in order. */
export const durableLoads: string[] = []

const SCORES: ReadonlyMap<string, string> = new Map([
  ['Tom', '630'],
  ['Jack', '589'],
  ['Sam', '567'],
])

export const groups = {
  /** Every key has a value: itself. */
  echo: { load: (key) => key, maxBytes: '256KiB', maxHotBytes: '64KiB' },
  /** What a node keeps on disk too: how many bytes a key asks for, `<number>-…`, 10 by default. */
  durable: {
    ttl: '1h',
    durable: true,
    hotTtl: '0s',
    maxBytes: '8MiB',
    load: (key) => {
      durableLoads.push(key)
      const value = new Uint8Array(Number.parseInt(key, 10) || 10).map((_, i) => (i * 31) >> 3)
      return { value, tags: ['all', `tag-of-${key}`] }
    },
  },
  echoS3Fifo: { load: (key) => key, maxBytes: '64KiB', eviction: 's3-fifo' },
  scores: { load: (key) => SCORES.get(key) ?? null },
} satisfies GroupDefinitions
