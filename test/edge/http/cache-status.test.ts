import { parseList, Token } from 'structured-headers'
import { describe, expect, test } from 'vitest'
import type { CacheStatusMember } from '../../../src/core/peers/peers.ts'
import { cacheStatus } from '../../../src/edge/http/cache-status.ts'

describe('Cache-Status', () => {
  test.each<[string, CacheStatusMember[]]>([
    ['edge; hit; ttl=1', [{ cache: 'edge', hit: true, ttlMs: 1_000 }]],
    [
      'node-7; hit; ttl=57, edge; fwd=miss',
      [
        { cache: 'node-7', hit: true, ttlMs: 56_500 },
        { cache: 'edge', fwd: 'miss' },
      ],
    ],
    [
      'node-7; fwd=miss; stored, edge; fwd=miss',
      [
        { cache: 'node-7', fwd: 'miss', stored: true },
        { cache: 'edge', fwd: 'miss' },
      ],
    ],
    [
      'node-7; fwd=miss; stored; collapsed',
      [{ cache: 'node-7', fwd: 'miss', stored: true, collapsed: true }],
    ],
    ['edge; fwd=miss; detail=no-node', [{ cache: 'edge', fwd: 'miss', detail: 'no-node' }]],
  ])('reads %s', (header, path) => {
    expect(cacheStatus(path)).toBe(header)
  })

  test.each([
    [1, 1],
    [999, 1],
    [1_001, 2],
    [0, -1],
    [-1, -1],
    [-1_000, -1],
    [-1_001, -2],
  ])('%i ms left are %i s: positive while fresh, negative when not', (ttlMs, seconds) => {
    expect(cacheStatus([{ cache: 'edge', hit: true, ttlMs }])).toBe(`edge; hit; ttl=${seconds}`)
  })

  test('is a list of tokens with parameters to a parser of structured fields', () => {
    const header = cacheStatus([
      { cache: 'weur/node-0', fwd: 'miss', stored: true, detail: 'guest' },
      { cache: 'edge', fwd: 'miss' },
    ])

    expect(parseList(header)).toEqual([
      [
        new Token('weur/node-0'),
        new Map<string, unknown>([
          ['fwd', new Token('miss')],
          ['stored', true],
          ['detail', new Token('guest')],
        ]),
      ],
      [new Token('edge'), new Map([['fwd', new Token('miss')]])],
    ])
  })
})
