import { describe } from 'vitest'
import { peerContract } from '../contract/peer.contract.ts'
import { FakePeer } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'

describe('FakePeer', () => {
  peerContract(() => {
    const { load } = countingLoader((key) => (key === 'Tom' ? text('630') : { kind: 'not-found' }))
    const { group } = createTestGroup({ loader: load })
    const peer = new FakePeer('node-0', new Map([['scores', group]]))
    return {
      peer,
      breakDown: () => {
        peer.broken = true
        return peer
      },
    }
  })
})
