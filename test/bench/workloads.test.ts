import { describe, expect, test } from 'vitest'
import { replay } from '../../bench/support/replay.ts'
import { syntheticWorkloads } from '../../bench/support/synthetic.ts'
import { parseTrace } from '../../bench/support/trace.ts'
import { createStore } from '../../src/core/eviction/policies.ts'

const ENTRIES = { unit: 'entries', count: 10 } as const
const BYTES = { unit: 'bytes', count: 10 } as const

describe('a trace', () => {
  test('has one key a line', () => {
    expect(parseTrace('a\nb c\r\na\n', ENTRIES)).toEqual({ keys: ['a', 'b c', 'a'] })
  })

  test('has sizes where every line ends in one', () => {
    expect(parseTrace('a 1\nb,22\n/x?y=1,2\t333\n', BYTES)).toEqual({
      keys: ['a', 'b', '/x?y=1,2'],
      sizes: [1, 22, 333],
    })
  })

  test('whose sizes do not count has keys alone', () => {
    expect(parseTrace('a 1\nb 2', ENTRIES)).toEqual({ keys: ['a', 'b'] })
  })

  test('without sizes cannot be measured in bytes', () => {
    expect(() => parseTrace('a 1\nb', BYTES)).toThrow('--bytes needs a size in every line')
  })
})

describe('made-up workloads', () => {
  test('are the same each time', () => {
    expect(syntheticWorkloads(5_000)).toEqual(syntheticWorkloads(5_000))
  })

  test('are answered more often by S3-FIFO, but where favourites change fast', () => {
    const lruIsBetter = syntheticWorkloads(50_000).filter((workload) => {
      const [lru = 0, s3Fifo = 0] = (['lru', 's3-fifo'] as const).map((eviction) =>
        replay(
          createStore<number>(eviction, workload.capacity, () => {}),
          workload,
        ),
      )
      return lru > s3Fifo
    })

    expect(lruIsBetter.map(({ name }) => name)).toEqual(['Zipf that drifts fast'])
  })
})
