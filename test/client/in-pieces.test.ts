import { expect, test, vi } from 'vitest'
import { inPieces } from '../../src/client/in-pieces.ts'
import { settle } from '../support/settle.ts'

const BOUNDS = { mostItems: 2, mostAtOnce: 2 }
const ITEMS = [1, 2, 3, 4, 5, 6, 7]

/** Work that ends when the test says so. */
function latchedWork() {
  const latches: PromiseWithResolvers<readonly string[]>[] = []
  const work = vi.fn((_piece: readonly number[]) => {
    const latch = Promise.withResolvers<readonly string[]>()
    latches.push(latch)
    return latch.promise
  })
  return { work, latches, pieces: () => work.mock.calls.map(([piece]) => piece) }
}

test('the next piece is begun when one of those under way has ended, and the order is kept', async () => {
  const { work, latches, pieces } = latchedWork()

  const results = inPieces(ITEMS, BOUNDS, work)
  expect(pieces()).toEqual([
    [1, 2],
    [3, 4],
  ])
  latches[1]?.resolve(['3', '4'])
  await settle()
  expect(pieces().slice(2)).toEqual([[5, 6]])
  latches[2]?.resolve(['5', '6'])
  await settle()
  expect(pieces().slice(3)).toEqual([[7]])
  latches[3]?.resolve(['7'])
  latches[0]?.resolve(['1', '2'])

  expect(await results).toEqual(['1', '2', '3', '4', '5', '6', '7'])
})

test('the first failure is thrown at once, and no piece is begun after it', async () => {
  const { work, latches, pieces } = latchedWork()

  const results = inPieces(ITEMS, BOUNDS, work)
  latches[1]?.reject(new Error('first'))
  await expect(results).rejects.toThrow('first')
  latches[0]?.resolve(['1', '2'])
  await settle()

  expect(pieces()).toHaveLength(2)
})

test('a second failure goes nowhere', async () => {
  const { work, latches } = latchedWork()

  const results = inPieces(ITEMS, BOUNDS, work)
  for (const [i, latch] of latches.entries()) latch.reject(new Error(`failure ${i}`))

  await expect(results).rejects.toThrow('failure 0')
})

test('what is gone from the list after the call is worked on all the same', async () => {
  const items = [...ITEMS]

  const results = inPieces(items, BOUNDS, async (piece) => piece)
  items.length = 0

  expect(await results).toEqual(ITEMS)
})
