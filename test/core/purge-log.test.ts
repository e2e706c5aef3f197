import { describe, expect, test } from 'vitest'
import { HeldTags } from '../../src/core/cache/held-tags.ts'
import { PurgeLog, TAG_MARK_BYTES } from '../../src/core/cache/purge-log.ts'
import { limitedRoom } from '../support/mark-room.ts'

/** A log, and the tags of what is held, with an oldest load in flight. */
function create(maxBytes?: number) {
  const room = limitedRoom(maxBytes)
  const log = new PurgeLog(room)
  const tags = new HeldTags(room)
  let oldest = Number.POSITIVE_INFINITY
  return {
    log,
    room,
    /** A load begins, and does not end. */
    load() {
      const number = log.next()
      oldest = Math.min(oldest, number)
      return number
    },
    purge: (tag: string) => tags.purge(tag, log.markTag(tag, oldest)),
    purgeSoftly: (tag: string, atMs: number) =>
      tags.purgeSoftly(tag, log.markTag(tag, oldest), atMs),
    /** An entry is loaded, and held. */
    hold(...names: string[]) {
      const number = log.next()
      const held = tags.add(names, number)
      return { judge: (judgedTo?: number) => log.validate(number, held, judgedTo) }
    },
  }
}

describe('what is held', () => {
  test('is judged by when it began: a purged tag takes what is older, and leaves the rest', () => {
    const { hold, purge } = create()
    const [both, front, none] = [hold('front', 'news'), hold('front'), hold()]
    purge('news')
    const after = hold('news')

    expect([both, front, none, after].map((entry) => entry.judge().kind)).toEqual([
      'purged',
      'valid',
      'valid',
      'valid',
    ])
  })

  test('is taken by a purge of everything, with tags or without', () => {
    const { hold, log } = create()
    const before = [hold('news'), hold()]
    log.markAll()

    expect(before.map((entry) => entry.judge().kind)).toEqual(['purged', 'purged'])
    expect(hold().judge().kind).toBe('valid')
  })

  test('is stale since a soft purge, which revives nothing that a hard one took', () => {
    const { hold, log, purge, purgeSoftly } = create()
    const oldest = hold('news')
    purge('news')
    const older = hold('news')
    purgeSoftly('news', 500)
    const untagged = hold()
    log.markAllStale(700)

    expect(older.judge()).toEqual({ kind: 'stale', fromMs: 500 })
    expect(oldest.judge().kind).toBe('purged')
    expect(untagged.judge()).toEqual({ kind: 'stale', fromMs: 700 })
    expect(hold('news').judge().kind).toBe('valid')
  })

  test('is stale since the first of several soft purges that it has not outlived', () => {
    const { hold, log, purgeSoftly } = create()
    const [first, untagged] = [hold('news'), hold()]
    purgeSoftly('news', 100)
    const seen = log.latest
    const second = hold('news')
    purgeSoftly('news', 200)
    log.markAllStale(300)

    expect(first.judge()).toEqual({ kind: 'stale', fromMs: 100 })
    expect(first.judge(seen)).toEqual({ kind: 'stale', fromMs: 200 })
    expect(second.judge()).toEqual({ kind: 'stale', fromMs: 200 })
    expect(untagged.judge()).toEqual({ kind: 'stale', fromMs: 300 })
  })

  test('is purged where it is older than all soft purges remembered of its tag', () => {
    const { hold, purgeSoftly } = create()
    const oldest = hold('news')
    purgeSoftly('news', 0)
    const next = hold('news')
    for (let i = 1; i <= 8; i++) purgeSoftly('news', i)

    expect(oldest.judge().kind).toBe('purged')
    expect(next.judge()).toEqual({ kind: 'stale', fromMs: 1 })
  })

  test('outlives any number of purges of other tags, and room for marks that is full', () => {
    const { hold, load, purge, purgeSoftly, room } = create(TAG_MARK_BYTES * 100)
    load()
    const [kept, taken] = [hold('kept'), hold('taken')]
    for (let i = 0; i < 10_000; i++) {
      purge(`tag-${i}`)
      purgeSoftly(`soft-${i}`, 0)
    }
    purge('taken')

    expect([kept.judge().kind, taken.judge().kind]).toEqual(['valid', 'purged'])
    expect(room.bytes).toBeLessThanOrEqual(TAG_MARK_BYTES * 100)
  })
})

describe('a load in flight', () => {
  test.each(['purge', 'purgeSoftly'] as const)(
    'does not store what %s has taken since it began, and stores all else',
    (kind) => {
      const { [kind]: purge, load, log } = create()
      const before = load()
      purge('news', 0)

      expect(log.mayStore(['front', 'news'], before)).toBe(false)
      expect(log.mayStore(['front'], before)).toBe(true)
      expect(log.mayStore([], before)).toBe(true)
      expect(log.mayStore(['news'], load())).toBe(true)
    },
  )

  test.each(['markAll', 'markAllStale'] as const)('does not store after %s', (mark) => {
    const { load, log } = create()
    const before = load()
    log[mark](0)

    expect([log.mayStore([], before), log.mayStore(['a'], before)]).toEqual([false, false])
    expect(log.mayStore([], load())).toBe(true)
  })

  test('stores through ten thousand purges of other tags', () => {
    const { load, log, purge } = create()
    const before = load()
    for (let i = 0; i < 10_000; i++) purge(`tag-${i}`)

    expect(log.mayStore(['untouched'], before)).toBe(true)
    expect(log.mayStore(['tag-0'], before)).toBe(false)
    expect(log.mayStore(['tag-9999'], before)).toBe(false)
  })

  test('with more purges than have room does not store what has any tag, if it is older', () => {
    const { load, log, purge, room } = create(TAG_MARK_BYTES * 10)
    const before = load()
    for (let i = 0; i < 11; i++) purge(`tag-${i}`)
    const after = load()
    purge('one more')

    expect(log.mayStore(['tag-0'], before)).toBe(false)
    expect(log.mayStore(['untouched'], before)).toBe(false)
    expect(log.mayStore([], before)).toBe(true)
    expect(log.mayStore(['untouched'], after)).toBe(true)
    expect(log.mayStore(['one more'], after)).toBe(false)
    expect(room.bytes).toBe(TAG_MARK_BYTES)
  })
})

describe('the marks of purges', () => {
  test('take nothing where no load is in flight', () => {
    const { hold, log, purge, room } = create()
    hold('a')
    for (let i = 0; i < 1_000; i++) purge(`tag-${i}`)

    expect([log.tagMarks, room.bytes]).toEqual([0, 0])
  })

  test('take room once for each tag, and none when all loads that were in flight have ended', () => {
    const { load, log, purge, room } = create()
    const before = load()
    for (let i = 0; i < 3; i++) for (const tag of ['a', 'b', 'c']) purge(tag)
    expect([log.tagMarks, room.bytes]).toEqual([3, 3 * TAG_MARK_BYTES])

    log.forgetBefore(before)
    expect(log.tagMarks).toBe(3)
    const between = log.next()
    purge('b')
    log.forgetBefore(between)

    expect([log.tagMarks, room.bytes]).toEqual([1, TAG_MARK_BYTES])
    expect(log.mayStore(['b'], between)).toBe(false)
    log.forgetBefore(Number.POSITIVE_INFINITY)
    expect([log.tagMarks, room.bytes]).toEqual([0, 0])
  })
})
