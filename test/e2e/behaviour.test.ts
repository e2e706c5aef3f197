import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker } from '../support/worker-server.ts'
import { BATCH } from './behaviour/cases-batch.ts'
import { BATCH_REFUSALS } from './behaviour/cases-batch-refusals.ts'
import { CACHE_STATUS } from './behaviour/cases-cache-status.ts'
import { CONDITIONAL_RANGES } from './behaviour/cases-conditional-ranges.ts'
import { CORS } from './behaviour/cases-cors.ts'
import { DATE_CONDITIONS } from './behaviour/cases-date-conditions.ts'
import { FRESHNESS } from './behaviour/cases-freshness.ts'
import { IF_MATCH } from './behaviour/cases-if-match.ts'
import { IF_NONE_MATCH } from './behaviour/cases-if-none-match.ts'
import { METHODS } from './behaviour/cases-methods.ts'
import { PROBLEMS } from './behaviour/cases-problems.ts'
import { RANGES } from './behaviour/cases-ranges.ts'
import { REPRESENTATION } from './behaviour/cases-representation.ts'
import { UNUSABLE_RANGES } from './behaviour/cases-unusable-ranges.ts'
import { TOKEN } from './behaviour/expected.ts'
import { groupsBehind } from './behaviour/groups.ts'
import { type Behaviour, runBehaviour, type Stage } from './behaviour/run.ts'

const TOPICS: Readonly<Record<string, readonly Behaviour[]>> = {
  'If-None-Match': IF_NONE_MATCH,
  'If-Match': IF_MATCH,
  'If-Modified-Since and If-Unmodified-Since': DATE_CONDITIONS,
  'ranges with a part to send': RANGES,
  'ranges with no part to send': UNUSABLE_RANGES,
  'ranges and conditions': CONDITIONAL_RANGES,
  methods: METHODS,
  'pages of other origins': CORS,
  'freshness as clients see it': FRESHNESS,
  'what describes a value': REPRESENTATION,
  'Cache-Status': CACHE_STATUS,
  'problem details': PROBLEMS,
  'many keys at once': [...BATCH, ...BATCH_REFUSALS],
}

let origin: HttpOriginServer
let stage: Stage

beforeAll(async () => {
  origin = await startHttpOrigin()
  const GROUPS = groupsBehind(origin.url)
  const [open, guarded] = await Promise.all([
    startWorker({ vars: { GROUPS } }),
    startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } }),
  ])
  stage = { workers: { open, guarded }, origin }
})

afterAll(async () => {
  await Promise.all(Object.values(stage.workers).map((worker) => worker.close()))
  await origin.close()
})

describe.each(Object.entries(TOPICS))('%s', (_, behaviours) => {
  // Titles as text of their own: those made of a template are cut short.
  for (const behaviour of behaviours) {
    const { id, strength, rfc } = behaviour
    test(`${id} (${strength}: ${rfc})`, ({ signal }) => runBehaviour(behaviour, stage, signal))
  }
})

test('each behaviour has an id of its own, which may stand in a URL', () => {
  const ids = Object.values(TOPICS).flatMap((behaviours) => behaviours.map(({ id }) => id))

  expect(ids.filter((id) => !/^[a-z\d]+(-[a-z\d]+)*$/.test(id))).toEqual([])
  expect(ids).toHaveLength(new Set(ids).size)
})
