/** The groups of the Worker under test: what src/groups.ts holds is the user's own. */

import type { GroupDefinitions } from '../../../src/config/config.ts'

export const groups = {
  /** Every key has a value: itself. */
  echo: { load: (key) => key, maxBytes: '256KiB', maxHotBytes: '64KiB' },
  scores: { load: (key) => (key === 'Tom' ? '630' : key === 'Jack' ? '589' : null) },
} satisfies GroupDefinitions
