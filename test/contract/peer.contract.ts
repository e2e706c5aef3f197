/** What every `Peer` promises, run on the real one and on the fake alike. */

import { expect, test } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import type { Peer } from '../../src/core/peers.ts'

export interface PeerUnderTest {
  /** A peer whose group `scores` has Tom as "630", and no other key. */
  readonly peer: Peer
  /** The same peer, from now on not able to serve. */
  readonly breakDown: () => Peer
}

export function peerContract(create: () => PeerUnderTest): void {
  test('a value comes with its bytes in a buffer of their own', async () => {
    const reply = await create().peer.get('scores', 'Tom')

    expect(reply.kind).toBe('value')
    if (reply.kind !== 'value') return
    expect(new TextDecoder().decode(reply.entry.value)).toBe('630')
    expect(reply.entry.value.buffer.byteLength).toBe(3)
  })

  test('"not found" is a reply, not an exception', async () => {
    expect((await create().peer.get('scores', 'nobody')).kind).toBe('not-found')
  })

  test('the path names the node', async () => {
    const { peer } = create()

    const { path } = await peer.get('scores', 'Tom')

    expect(path.map((member) => member.cache)).toEqual([peer.name])
  })

  test('a group that the node does not know means that it could not serve', async () => {
    const { peer } = create()

    await expect(peer.get('unknown', 'Tom')).rejects.toBeInstanceOf(PeerUnavailableError)
  })

  test('a node that cannot be reached means that it could not serve', async () => {
    const peer = create().breakDown()

    await expect(peer.get('scores', 'Tom')).rejects.toBeInstanceOf(PeerUnavailableError)
  })
}
