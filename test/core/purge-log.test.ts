import { describe, expect, test } from 'vitest'
import { PurgeLog } from '../../src/core/purge-log.ts'

describe('the purge log', () => {
  test('lets nothing be stored that began before its key was purged', () => {
    const log = new PurgeLog()
    const before = log.next()
    log.markKey('Tom')
    const after = log.next()

    expect(log.mayStore('Tom', [], before)).toBe(false)
    expect(log.mayStore('Tom', [], after)).toBe(true)
    expect(log.mayStore('Jack', [], before)).toBe(true)
  })

  test('judges what carries a tag by when it began, and leaves the rest alone', () => {
    const log = new PurgeLog()
    const before = log.next()
    log.markTag('news')
    const after = log.next()

    expect(log.judge(['front', 'news'], before).kind).toBe('purged')
    expect(log.judge(['news'], after).kind).toBe('valid')
    expect(log.judge(['front'], before).kind).toBe('valid')
    expect(log.judge([], before).kind).toBe('valid')
  })

  test('a purge of everything is over all tags and keys', () => {
    const log = new PurgeLog()
    const before = log.next()
    log.markAll()

    expect(log.judge([], before).kind).toBe('purged')
    expect(log.judge([], log.next()).kind).toBe('valid')
  })

  test('a soft purge says since when, and never revives what a hard one took', () => {
    const log = new PurgeLog()
    const oldest = log.next()
    log.markTag('news')
    const older = log.next()
    log.markTagStale('news', 500)

    expect(log.judge(['news'], older)).toMatchObject({ kind: 'stale', fromMs: 500 })
    expect(log.judge(['news'], oldest).kind).toBe('purged')
    expect(log.mayStore('Tom', ['news'], older)).toBe(false)
    expect(log.judge(['news'], log.next()).kind).toBe('valid')
  })

  test('a soft purge of everything counts for entries without tags too', () => {
    const log = new PurgeLog()
    const before = log.next()
    log.markAllStale(700)

    expect(log.judge([], before)).toMatchObject({ kind: 'stale', fromMs: 700 })
  })

  test('of several soft purges the first that an entry has not outlived counts', () => {
    const log = new PurgeLog()
    const first = log.next()
    log.markTagStale('news', 100)
    const second = log.next()
    log.markTagStale('news', 200)
    log.markAllStale(300)

    expect(log.judge(['news'], first)).toEqual({ kind: 'stale', fromMs: 100 })
    expect(log.judge(['news'], second)).toEqual({ kind: 'stale', fromMs: 200 })
    expect(log.judge([], first)).toEqual({ kind: 'stale', fromMs: 300 })
  })

  test('an entry older than all soft purges remembered of its tag is purged', () => {
    const log = new PurgeLog()
    const oldest = log.next()
    log.markTagStale('news', 0)
    const next = log.next()
    for (let i = 1; i <= 8; i++) log.markTagStale('news', i)

    expect(log.judge(['news'], oldest).kind).toBe('purged')
    expect(log.judge(['news'], next)).toEqual({ kind: 'stale', fromMs: 1 })
  })

  test.each(['markTag', 'markTagStale'] as const)(
    'remembers a bounded number of tags; %s of a forgotten one still takes what is older',
    (mark) => {
      const log = new PurgeLog()
      const before = log.next()
      log[mark]('first', 0)
      const between = log.next()
      for (let i = 0; i < 4_096; i++) log[mark](`tag-${i}`, 0)

      expect(log.judge(['first'], before).kind).toBe('purged')
      expect(log.judge(['other'], before).kind).toBe('purged')
      expect(log.judge(['other'], between).kind).toBe('valid')
      expect(log.judge([], before).kind).toBe('valid')
    },
  )

  test('remembers a bounded number of keys; loads older than a forgotten purge do not store', () => {
    const log = new PurgeLog()
    const before = log.next()
    log.markKey('first')
    const between = log.next()
    for (let i = 0; i < 1_000; i++) log.markKey(`key-${i}`)

    expect(log.mayStore('first', [], before)).toBe(false)
    expect(log.mayStore('other', [], before)).toBe(false)
    expect(log.mayStore('other', [], between)).toBe(true)
  })

  test('forgets the tag whose last purge is the oldest, and no more than that one', () => {
    const log = new PurgeLog()
    log.markTag('first')
    for (let i = 0; i < 4_095; i++) log.markTag(`tag-${i}`)
    const between = log.next()
    log.markTag('first')
    log.markTag('one more')

    expect(log.judge(['other'], between).kind).toBe('valid')
    expect(log.judge(['first'], between).kind).toBe('purged')
  })

  test('goes on forgetting: what is older than the last one forgotten is taken', () => {
    const log = new PurgeLog()
    log.markTag('first')
    const between = log.next()
    for (let i = 0; i < 4_097; i++) log.markTag(`tag-${i}`)

    expect(log.judge(['other'], between).kind).toBe('purged')
  })
})
