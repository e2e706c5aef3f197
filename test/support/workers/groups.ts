/** The groups of the Worker under test: what src/groups.ts holds is the user's own. */

import type { GroupDefinitions } from '../../../src/config/config.ts'

export const groups = {
  scores: { load: (key) => (key === 'Tom' ? '630' : key === 'Jack' ? '589' : null) },
} satisfies GroupDefinitions
