/** What every `Peer` promises, run on the real one and on the fake alike. */

import { expect, test } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import type { Peer } from '../../src/core/peers/peers.ts'

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

  test('many keys are answered in their order, and what has no room is left out', async () => {
    const { peer } = create()

    const replies = await peer.getMany('scores', ['nobody', 'Tom', 'Tom'], { maxBytes: 3 })

    expect(replies.map((reply) => reply?.kind)).toEqual(['not-found', 'value', undefined])
  })

  test('a value set is there, and a purge says how many it took', async () => {
    const { peer } = create()

    expect(await peer.set('scores', 'Tom', { value: new Uint8Array(5), contentType: 'a/b' })).toBe(
      'stored',
    )
    expect(await peer.get('scores', 'Tom')).toMatchObject({ entry: { contentType: 'a/b' } })
    expect(await peer.purge('scores', { keys: ['Tom', 'nobody'] })).toBe(1)
    expect(await peer.get('scores', 'Tom')).toMatchObject({
      entry: { contentType: expect.stringContaining('text/plain') },
    })
  })

  test('the counters are those of the node', async () => {
    const { peer } = create()
    await peer.get('scores', 'Tom')

    const stats = await peer.stats()

    expect(stats.node).toBe(peer.name)
    expect(stats.groups.scores?.gets).toBeGreaterThan(0)
  })

  test('a group that the node does not know means that it could not serve', async () => {
    const { peer } = create()

    await expect(peer.get('unknown', 'Tom')).rejects.toBeInstanceOf(PeerUnavailableError)
  })

  test('a node that cannot be reached means that it could not serve', async () => {
    const peer = create().breakDown()
    const value = { value: new Uint8Array(1), contentType: 'a/b' }

    for (const call of [
      () => peer.get('scores', 'Tom'),
      () => peer.getMany('scores', ['Tom'], { maxBytes: 100 }),
      () => peer.set('scores', 'Tom', value),
      () => peer.purge('scores', { all: true }),
      () => peer.stats(),
    ]) {
      await expect(call()).rejects.toBeInstanceOf(PeerUnavailableError)
    }
  })
}
