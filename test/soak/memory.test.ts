import { expect, test } from 'vitest'
import { MemorySamples, slopePerMinute } from './memory.ts'

function samplesOf(minutes: number, rssMbPerMinute: number, heapMb = 60): MemorySamples {
  const samples = new MemorySamples()
  for (let s = 0; s <= minutes * 60; s += 5) {
    samples.add({ atMs: s * 1_000, heapMb, rssMb: 300 + (s / 60) * rssMbPerMinute })
  }
  return samples
}

test('the slope of a line is its growth per minute', () => {
  expect(
    slopePerMinute([
      [0, 1],
      [60_000, 4],
      [120_000, 7],
    ]),
  ).toBeCloseTo(3)
})

test('a resident set that grows for minutes is told, and one that warms up is not', () => {
  expect(samplesOf(6, 30).check()).toEqual([expect.stringContaining('30.0 MB a minute')])
  expect(samplesOf(6, 10).check()).toEqual([])
  expect(samplesOf(2, 30).check()).toEqual([])
})

test('a heap that the platform would end is told however short the run', () => {
  expect(samplesOf(1, 0, 130).check()).toEqual(['the heap held 130 MB, allowed 128'])
})
