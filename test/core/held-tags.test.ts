import { describe, expect, test } from 'vitest'
import { HeldTags } from '../../src/core/cache/held-tags.ts'
import { limitedRoom } from '../support/mark-room.ts'

describe('the tags of what is held', () => {
  test('count entries that carry one, and take nothing for none', () => {
    const tags = new HeldTags(limitedRoom())
    const first = tags.add(['a', 'b'], 1)
    const second = tags.add(['a'], 2)

    expect(tags.size).toBe(2)
    tags.remove(first, 1)
    expect([tags.size, tags.purge('b', 3), tags.purge('a', 4)]).toEqual([1, 0, 1])
    tags.remove(second, 2)
    expect(tags.size).toBe(0)
  })

  test('leave out entries that were purged with the tag, whenever they go', () => {
    const tags = new HeldTags(limitedRoom())
    const purged = tags.add(['a'], 1)
    expect(tags.purge('a', 2)).toBe(1)
    expect(tags.purge('a', 3)).toBe(0)
    tags.add(['a'], 5)
    tags.remove(purged, 1)

    expect(tags.purge('a', 6)).toBe(1)
  })

  test('are known until the last entry has gone, purged ones included', () => {
    const tags = new HeldTags(limitedRoom())
    const purged = [tags.add(['a'], 1), tags.add(['a'], 2)]
    tags.purge('a', 3)
    tags.remove(purged[0] ?? [], 1)
    tags.add(['a'], 4)
    tags.remove(purged[1] ?? [], 2)

    expect(tags.purge('a', 5)).toBe(1)
  })

  test('count an entry whose load began before that of another, but ended after it', () => {
    const tags = new HeldTags(limitedRoom())
    const [later, earlier] = [tags.add(['a'], 9), tags.add(['a'], 4)]

    tags.remove(earlier, 4)
    expect(tags.purgeSoftly('a', 10, 0)).toBe(1)
    tags.remove(later, 9)
    expect(tags.size).toBe(0)
  })

  test('count what soft purges take as room, until the last entry goes or a hard one comes', () => {
    const room = limitedRoom()
    const tags = new HeldTags(room)
    const [a, b] = [tags.add(['a'], 1), tags.add(['b'], 2)]
    for (let n = 3; n < 20; n++) tags.purgeSoftly('a', n, 0)
    const one = room.bytes
    tags.purgeSoftly('b', 20, 0)
    tags.purgeSoftly('nobody has it', 21, 0)

    expect(one).toBeGreaterThan(0)
    expect(room.bytes).toBe(2 * one)
    tags.purge('b', 22)
    expect(room.bytes).toBe(one)
    tags.remove(a, 1)
    tags.remove(b, 2)
    expect(room.bytes).toBe(0)
  })

  test('without room for a soft purge take a hard one', () => {
    const tags = new HeldTags(limitedRoom(0))
    const [held] = tags.add(['a'], 1)

    expect(tags.purgeSoftly('a', 2, 0)).toBe(1)
    expect(held).toMatchObject({ purged: 2, soft: undefined })
  })
})
