import { describe, expect, test } from 'vitest'
import { TagCounts } from '../../src/core/tag-counts.ts'

describe('the counts of tags', () => {
  test('go up and down with the entries that carry one, and take nothing for none', () => {
    const counts = new TagCounts()
    counts.add('a', 1)
    counts.add('a', 2)
    counts.remove('a', 1)

    expect([counts.of('a'), counts.of('b'), counts.size]).toEqual([1, 0, 1])
    counts.remove('a', 2)
    expect(counts.size).toBe(0)
  })

  test('leave out entries that were purged with the tag, whenever they go', () => {
    const counts = new TagCounts()
    counts.add('a', 1)
    counts.clear('a')
    counts.add('a', 5)

    counts.remove('a', 1)

    expect(counts.of('a')).toBe(1)
    counts.remove('a', 5)
    expect(counts.size).toBe(0)
  })

  test('count an entry whose load began before that of another, but ended after it', () => {
    const counts = new TagCounts()
    counts.add('a', 9)
    counts.add('a', 4)

    counts.remove('a', 4)
    counts.remove('a', 9)

    expect(counts.size).toBe(0)
  })
})
