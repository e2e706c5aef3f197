import { describe, expect, test } from 'vitest'
import { heldBytes } from '../../src/core/entry/entry.ts'
import type { Purge } from '../../src/core/entry/purge.ts'
import { NotFoundError } from '../../src/core/errors.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

const OPTIONS = { negativeTtlMs: 60_000 }
const ANSWERS: [string, Loaded][] = [
  ['"not found"', { kind: 'not-found', tags: ['p1', 'p2'] }],
  ['a value that is too large', { kind: 'too-large', tags: ['p1', 'p2'] }],
]
const PURGES: [string, Purge][] = [
  ['hard', { tags: ['p2'] }],
  ['soft', { tags: ['p2'], soft: true }],
]

/** A loader that gives this answer first, and then a value. */
function changingLoader(answer: Loaded) {
  const asked = new Set<string>()
  return countingLoader((key) => {
    const isFirst = !asked.has(key)
    asked.add(key)
    return isFirst ? answer : text('now here')
  })
}

describe.each(ANSWERS)('%s with tags', (_, answer) => {
  test.each(PURGES)('is purged by each of them: %s', async (_, purge) => {
    const { calls, load } = changingLoader(answer)
    const { group } = createTestGroup({ loader: load, options: OPTIONS })
    await group.get('Tom')
    await group.get('Tom')
    expect(calls).toEqual(['Tom'])

    expect((await group.purge({ tags: ['others'] })).entries).toBe(0)
    expect((await group.get('Tom')).kind).toBe(answer.kind)
    expect((await group.purge(purge)).entries).toBe(1)

    expect(textOf(await group.get('Tom'))).toBe('now here')
    expect(group.stats.evictions.purged).toBe(1)
    expect(calls).toEqual(['Tom', 'Tom'])
  })

  test.each(PURGES)('is not stored when purged while it was loaded: %s', async (_, purge) => {
    const loader = latchedLoader()
    const { group } = createTestGroup({ loader: loader.load, options: OPTIONS })
    const before = group.get('Tom')

    group.purgeLocally(purge)
    loader.answer(0, answer)
    await before

    expect([group.items, group.bytes]).toEqual([0, 0])
  })

  test('counts its tags in the bytes held', async () => {
    const { group } = createTestGroup({ loader: async () => answer, options: OPTIONS })
    const bare = createTestGroup({
      loader: async () => ({ kind: answer.kind }) as Loaded,
      options: OPTIONS,
    })
    const tags = ['p1', 'p2']
    await Promise.all([group.get('Tom'), bare.group.get('Tom')])

    const marker = { kind: 'not-found', tags, loadedAtMs: 0, expiresAtMs: 1 } as const
    const overhead = heldBytes('Tom', marker) - heldBytes('Tom', { ...marker, tags: [] })
    expect(overhead).toBeGreaterThan('p1p2'.length)
    expect(group.bytes - bare.group.bytes).toBe(overhead)
  })

  test.each(PURGES)('is purged in nodes and in hot copies: %s', async (_, purge) => {
    const { calls, load } = changingLoader(answer)
    const { clock, edge } = createCluster(['node-0', 'node-1', 'node-2'], load, OPTIONS)
    await edge.get('Tom')
    expect((await edge.get('Tom')).path).toMatchObject([{ cache: 'edge', hit: true }])

    // In the node and, beside it, in the isolate that purges.
    expect((await edge.purge(purge)).entries).toBe(1)

    expect(textOf(await edge.get('Tom'))).toBe('now here')
    clock.advance(1_000)
    expect(textOf(await edge.get('Tom'))).toBe('now here')
    expect(calls).toEqual(['Tom', 'Tom'])
  })

  test.each(PURGES)('is purged in all regions: %s', async (_, purge) => {
    const { calls, load } = changingLoader(answer)
    const cluster = createCluster(['node-0', 'node-1'], load, OPTIONS, {
      regions: ['weur', 'apac'],
    })
    const far = cluster.addEdge('apac')
    await far.get('Tom')
    await cluster.edge.get('Tom')
    expect(calls).toEqual(['Tom'])

    expect((await cluster.edge.purge(purge)).entries).toBe(2)
    // The far isolate has a hot copy for as long as `hotTtl`.
    cluster.clock.advance(1_000)

    expect(textOf(await far.get('Tom'))).toBe('now here')
    expect(calls).toEqual(['Tom', 'Tom'])
  })

  test('keeps its tags when a previous owner hands it over', async () => {
    const { calls, load } = changingLoader(answer)
    const cluster = createCluster(['node-0'], load, OPTIONS, { isResizable: true })
    const moved = 'Tom Jack Sam Ann Bob Eve Ida'.split(' ')
    for (const key of moved) await cluster.edge.get(key)
    cluster.resize({ nodes: 2, nodesBefore: 1 })
    const edge = cluster.addEdge()
    for (const key of moved) expect((await edge.get(key)).kind).toBe(answer.kind)
    expect(calls).toEqual(moved)
    const isMoved = (key: string) => cluster.ring.pick(key) === 'node-1'
    expect(moved.filter(isMoved).length).toBeGreaterThan(0)

    const entries = cluster.node('node-1').group.purgeLocally({ tags: ['p1'] })

    expect(entries).toBe(moved.filter(isMoved).length)
  })
})

describe('a NotFoundError', () => {
  test('carries tags by which "not found" is purged, from another Worker too', async () => {
    const remote = Object.assign(new Error('none'), {
      name: 'NotFoundError',
      code: 'not-found',
      tags: ['p1'],
    })
    for (const error of [new NotFoundError('none', { tags: ['p1'] }), remote]) {
      let loads = 0
      const { group } = createTestGroup({
        options: OPTIONS,
        loader: async () => {
          if (loads++ === 0) throw error
          return text('now here')
        },
      })
      expect((await group.get('Tom')).kind).toBe('not-found')
      await group.get('Tom')
      expect(loads).toBe(1)

      expect((await group.purge({ tags: ['p1'] })).entries).toBe(1)

      expect(textOf(await group.get('Tom'))).toBe('now here')
    }
  })

  test.each([
    ['a space', ['a tag']],
    ['no list', 'p1'],
    ['a number', [5]],
    ['too long', ['x'.repeat(1_025)]],
  ])('with tags that are not valid is a failed load, and nothing is kept: %s', async (_, tags) => {
    const thrown = new NotFoundError('none', { tags: tags as string[] })
    const loader = countingLoader(() => Promise.reject(thrown))
    const { errors, group } = createTestGroup({ loader: loader.load, options: OPTIONS })

    expect(await group.get('Tom')).toMatchObject({ kind: 'failed', code: 'load-failed' })
    await settle()
    await group.get('Tom')

    expect(loader.calls).toEqual(['Tom', 'Tom'])
    expect([group.items, group.stats.loadErrors]).toEqual([0, 2])
    expect(String(errors[0])).toContain('NotFoundError with tags that are not')
    expect(errors[0]).toMatchObject({ cause: thrown })
  })

  test('without tags says what null says', async () => {
    const thrown = new NotFoundError('none')
    const { group } = createTestGroup({ loader: () => Promise.reject(thrown), options: OPTIONS })

    expect(await group.get('Tom')).toMatchObject({ kind: 'not-found' })
    expect(await group.get('Tom')).not.toHaveProperty('tags')
  })
})
