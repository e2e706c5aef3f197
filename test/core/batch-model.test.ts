import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answersTo, type BatchPlace, getWithin } from '../../src/core/peers/batch.ts'
import { type AnswerRoom, ByteRoom } from '../../src/core/peers/byte-room.ts'
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
/** Values of which neighbours are of like size: what came before says nothing of what follows. */
const sizes = fc
  .array(fc.oneof(runOf(0), runOf(20), runOf(2_000), runOf(20_000)), { minLength: 1, maxLength: 4 })
  .map((runs) => runs.flat())
const rooms = fc.record({ maxBytes: fc.nat(10_000), firstBytes: fc.nat(20_000) })

const IN_FLIGHT = 8

interface PlannedValue {
  readonly length: number
  readonly isHeld: boolean
  /** How many turns its load takes. */
  readonly turns: number
}

function runOf(mostBytes: number): fc.Arbitrary<PlannedValue[]> {
  const value = fc.record({
    length: fc.nat(mostBytes),
    isHeld: fc.nat(9).map((digit) => digit === 0),
    turns: fc.integer({ min: 1, max: 4 }),
  })
  return fc.array(value, { minLength: 1, maxLength: 60, size: 'max' })
}

/** What is known when a load starts. */
interface Start {
  readonly key: string
  /** Loads in flight, with this one. */
  readonly inFlight: number
  /** Values held or loaded before. */
  readonly known: number
  readonly loadedBytes: number
  readonly leftBytes: number
}

/** Notes what is known at each start of a load. */
function createPlace(values: readonly PlannedValue[], answerRoom: AnswerRoom, maxLoads: number) {
  const starts: Start[] = []
  const room = new ByteRoom(answerRoom)
  let inFlight = 0
  let known = 0
  let loadedBytes = 0
  let landing = Promise.resolve()
  const planOf = (key: string) => values[Number(key.slice('key-'.length))] as PlannedValue
  const place: BatchPlace = {
    maxLoads,
    held: (key, fits) => {
      const { length, isHeld } = planOf(key)
      if (!isHeld) return undefined
      known++
      if (!fits(length)) return null
      room.take(length)
      return sizedReply(length)
    },
    get: async (key) => {
      const { length, turns } = planOf(key)
      inFlight++
      starts.push({ key, inFlight, known, loadedBytes, leftBytes: room.leftBytes })
      for (let turn = 0; turn < turns; turn++) await settle()
      // One lands at a time, so that the place has seen all that is noted here when it starts the next.
      landing = landing.then(settle)
      await landing
      inFlight--
      known++
      loadedBytes += length
      room.take(length)
      return sizedReply(length)
    },
  }
  return { place, starts, planOf }
}

test('a place loads each key once, eight at a time, and none once the room is full', async () => {
  const property = fc.asyncProperty(
    sizes,
    rooms,
    fc.integer({ min: 1, max: 100 }),
    async (values, room, maxLoads) => {
      const keys = keysOf(values.length)
      const { place, starts, planOf } = createPlace(values, room, maxLoads)

      const found = await getWithin(place, keys, room)

      const calls = starts.map(({ key }) => key)
      expectNoneTwice({ calls })
      expect(calls.slice(1).filter((key) => planOf(key).isHeld)).toEqual([])
      const mostBytes = Math.max(room.maxBytes, room.firstBytes)
      for (const { key, inFlight, known, loadedBytes, leftBytes } of starts) {
        const mostInFlight = Math.min(IN_FLIGHT, maxLoads, Math.max(1, 3 * known))
        expect(inFlight).toBeLessThanOrEqual(mostInFlight)
        if (key === keys[0]) continue
        expect(leftBytes).toBeGreaterThan(0)
        expect(loadedBytes).toBeLessThan(mostBytes + room.maxBytes)
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
