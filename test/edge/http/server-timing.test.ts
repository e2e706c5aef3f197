import { describe, expect, test } from 'vitest'
import type { CacheStatusMember, Reply } from '../../../src/core/peers/peers.ts'
import { serverTiming } from '../../../src/edge/http/server-timing.ts'

function reply(path: readonly CacheStatusMember[], loadMs?: number): Reply {
  return { kind: 'not-found', expiresAtMs: 0, path, ...(loadMs === undefined ? {} : { loadMs }) }
}

const NODE = { cache: 'node-1', hit: true }
const EDGE = { cache: 'edge', fwd: 'miss' } as const

describe('Server-Timing', () => {
  test.each([
    ["the isolate's own copy", reply([{ cache: 'edge', hit: true }]), 'hot'],
    ['a node that had it', reply([NODE, EDGE]), 'peer;dur=12'],
    [
      'a node that loaded it',
      reply([{ cache: 'node-1', fwd: 'miss' }, EDGE], 9),
      'peer;dur=12, load;dur=9',
    ],
    [
      'a load at the edge, without the wait for nodes that could not serve',
      reply([{ ...EDGE, detail: 'no-node' }], 9),
      'load;dur=9',
    ],
  ])('tells of %s', (_, reply, expected) => {
    expect(serverTiming(reply, 12)).toBe(expected)
  })

  test('never says less than nothing, though a clock may be set back', () => {
    expect(serverTiming(reply([NODE, EDGE]), -3)).toBe('peer;dur=0')
  })
})
