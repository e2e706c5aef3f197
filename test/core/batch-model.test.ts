import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answersTo, type BatchPlace, getWithin } from '../../src/core/peers/batch.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { holds } from '../support/fuzz.ts'
import { settle } from '../support/settle.ts'
import {
  bytes,
  expectNoneTwice,
  keysOf,
  lengthsOf,
  SMALL_ROOM,
  sizedReply,
  totalOf,
} from '../support/sized-values.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const sizes = fc.array(
  fc.record({
    length: fc.oneof(fc.nat(20), fc.nat(2_000), fc.nat(20_000)),
    isHeld: fc.boolean(),
  }),
  { minLength: 1, maxLength: 150 },
)
const rooms = fc.record({ maxBytes: fc.nat(10_000), firstBytes: fc.nat(20_000) })

/** A place whose loads are noted, step by step. */
function createPlace(values: readonly { length: number; isHeld: boolean }[], maxLoads: number) {
  const steps: string[][] = []
  let step: string[] | undefined
  const planOf = (key: string) => values[Number(key.slice('key-'.length))] as (typeof values)[0]
  const place: BatchPlace = {
    maxLoads,
    held: (key, fits) => {
      const { length, isHeld } = planOf(key)
      if (!isHeld) return undefined
      return fits(length) ? sizedReply(length) : null
    },
    get: async (key) => {
      if (step === undefined) {
        step = []
        steps.push(step)
      }
      step.push(key)
      await settle()
      step = undefined
      return sizedReply(planOf(key).length)
    },
  }
  const bytesIn = (keys: readonly string[]) => totalOf(keys.map((key) => planOf(key).length))
  return { place, steps, bytesIn, planOf }
}

test('a place loads each key once, and before the last step less than the answer and the room again', async () => {
  const property = fc.asyncProperty(
    sizes,
    rooms,
    fc.integer({ min: 1, max: 100 }),
    async (values, room, maxLoads) => {
      const keys = keysOf(values.length)
      const { place, steps, bytesIn, planOf } = createPlace(values, maxLoads)

      const found = await getWithin(place, keys, room)

      const calls = steps.flat()
      expectNoneTwice({ calls })
      expect(calls.slice(1).filter((key) => planOf(key).isHeld)).toEqual([])
      const mostBytes = Math.max(room.maxBytes, room.firstBytes)
      if (steps.length > 1) {
        expect(bytesIn(steps.slice(0, -1).flat())).toBeLessThan(mostBytes + room.maxBytes)
      }
      let known = values.filter(({ isHeld }) => isHeld).length
      for (const step of steps) {
        expect(step.length).toBeLessThanOrEqual(Math.min(64, maxLoads, Math.max(1, 3 * known)))
        known += step.length
      }
      const answers = answersTo(keys, found, room)
      expect(totalOf(lengthsOf(answers))).toBeLessThanOrEqual(mostBytes)
      // Whatever has been found is answered, or is known to be too large for any answer.
      expect(answers.map((answer) => answer === null)).toEqual(
        keys.map((key) => found.get(key) === null),
      )
      if (mostBytes > 0) expect(answers[0]).not.toBeNull()
    },
  )
  await holds(property, { seed: 11, numRuns: 500 })
})

test.each([{ ttlMs: 0 }, { ttlMs: 60_000 }])(
  'a batch of values of all sizes across nodes loads none twice, %j',
  async ({ ttlMs }) => {
    const property = fc.asyncProperty(
      fc.array(fc.oneof(fc.nat(50), fc.nat(9_000)), { minLength: 1, maxLength: 60 }),
      async (lengths) => {
        const keys = keysOf(lengths.length)
        const loader = countingLoader((key) =>
          bytes(lengths[keys.indexOf(key)] as number, { ttlMs }),
        )
        const cluster = createCluster(NODES, loader.load, { maxValueBytes: 8_000 })

        const replies = await cluster.edge.getMany([...keys, ...keys], SMALL_ROOM)

        expectNoneTwice(loader)
        expect(totalOf(lengthsOf(replies))).toBeLessThanOrEqual(8_000)
        expect(replies[0]).not.toBeNull()
      },
    )
    await holds(property, { seed: 12, numRuns: 100 })
  },
)
