/** The groups of this Worker. */

import type { GroupDefinitions } from '../../../src/library.ts'

export const groups = {
  /** What would be slow or dear is done once an hour, however many ask: here, merely a greeting. */
  greetings: {
    ttl: '1h',
    load: (name) => (/^\p{L}+$/u.test(name) ? `Hello, ${name}!` : null),
  },

  /** The day of the week of a date such as 2026-11-03. It never changes: browsers may keep it for a day. */
  weekdays: {
    ttl: '1d',
    clientTtl: '1d',
    load: (date) => {
      const day = new Date(`${date}T00:00:00Z`)
      // The 30th of February would be taken for the 2nd of March.
      if (Number.isNaN(day.valueOf()) || !day.toISOString().startsWith(`${date}T`)) return null
      return day.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
    },
  },
} satisfies GroupDefinitions
