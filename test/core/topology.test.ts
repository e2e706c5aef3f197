import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Topology } from '../../src/core/ring/topology.ts'

const KEYS = Array.from({ length: 20_000 }, (_, i) => `key-${i}`)
const FEW_KEYS = KEYS.slice(0, 200)

describe('names', () => {
  test('are those of the nodes alone without regions, and have the region in front with them', () => {
    const plain = new Topology({ nodes: 2 })
    const regional = new Topology({ nodes: 2, regions: ['weur', 'wnam'] })

    expect(plain.allNodes()).toEqual(['node-0', 'node-1'])
    expect(regional.allNodes()).toEqual([
      'weur/node-0',
      'weur/node-1',
      'wnam/node-0',
      'wnam/node-1',
    ])
  })

  test.each([
    [['weur', 'wnam'], 'wnam/node-3', 'wnam'],
    [['apac', 'apac-ne'], 'apac-ne/node-0', 'apac-ne'],
    [['apac', 'apac-ne'], 'apac/node-0', 'apac'],
    [['weur', 'wnam'], 'node-3', undefined],
    [['weur', 'wnam'], 'sam/node-3', undefined],
    [['weur'], 'weur/node-', undefined],
    [['weur'], 'weur/node-1/node-2', undefined],
    [[], 'node-3', ''],
    [[], 'weur/node-3', undefined],
  ])('in regions %j, %s is in %s', (regions, name, region) => {
    expect(new Topology({ nodes: 4, regions }).regionOf(name)).toBe(region)
  })

  test('say that a single region is home, as the first of several is', () => {
    expect(new Topology({ nodes: 4, regions: ['weur'] }).home).toBe('weur')
    expect(new Topology({ nodes: 4, regions: ['sam', 'weur'] }).home).toBe('sam')
    expect(new Topology({ nodes: 4 }).home).toBe('')
  })
})

describe("a key's place", () => {
  const topology = new Topology({ nodes: 8, regions: ['weur', 'wnam', 'apac'] })

  test('is the same in each region, for its owner and both guests', () => {
    for (const key of FEW_KEYS) {
      const [home = []] = topology.regions.map((region) =>
        topology.ownersIn(region, key).map((name) => name.slice(region.length)),
      )
      for (const region of topology.regions) {
        expect(topology.ownersIn(region, key)).toEqual(home.map((name) => `${region}${name}`))
        expect(topology.ownerIn(region, key)).toBe(`${region}${home[0]}`)
      }
    }
  })

  test('is no matter of what is being changed: only the new count says who owns it', () => {
    const growing = new Topology({ nodes: 8, nodesBefore: 5 })
    const grown = new Topology({ nodes: 8 })

    for (const key of FEW_KEYS) expect(growing.ownersIn('', key)).toEqual(grown.ownersIn('', key))
  })

  test('has as many holders as there are nodes, where those are fewer than three', () => {
    const small = new Topology({ nodes: 2, regions: ['weur', 'wnam'] })

    expect(small.ownersIn('wnam', 'Tom').sort()).toEqual(['wnam/node-0', 'wnam/node-1'])
  })
})

describe('growing and shrinking', () => {
  test.each([
    [4, 6, 2 / 6],
    [16, 24, 8 / 24],
    [16, 17, 1 / 17],
    [6, 4, 2 / 6],
    [24, 16, 8 / 24],
  ])('from %i to %i moves %f of the keys, within a tenth', (nodesBefore, nodes, part) => {
    const topology = new Topology({ nodes, nodesBefore })

    const moved = KEYS.filter((key) => topology.previousOwnerIn('', key) !== undefined)

    expect(moved.length / KEYS.length).toBeGreaterThan(part * 0.9)
    expect(moved.length / KEYS.length).toBeLessThan(part * 1.1)
  })

  test('moves a key only to a new node, or away from one that goes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.string(),
        (nodesBefore, nodes, key) => {
          const topology = new Topology({ nodes, nodesBefore, regions: ['weur', 'sam'] })
          const owner = topology.ownerIn('sam', key)
          const previous = topology.previousOwnerIn('sam', key)
          const before = new Topology({ nodes: nodesBefore, regions: ['weur', 'sam'] })

          expect(previous ?? owner).toBe(before.ownerIn('sam', key))
          expect(previous).not.toBe(owner)
          const numberOf = (name: string) => Number(name.replace('sam/node-', ''))
          if (previous === undefined) return
          if (nodes > nodesBefore) expect(numberOf(owner)).toBeGreaterThanOrEqual(nodesBefore)
          else expect(numberOf(previous)).toBeGreaterThanOrEqual(nodes)
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  })

  test.each([
    [4, undefined],
    [4, 4],
  ])('with %i nodes and %s before, nothing is changing', (nodes, nodesBefore) => {
    const topology = new Topology({ nodes, nodesBefore })

    expect(topology.isChanging).toBe(false)
    for (const key of FEW_KEYS) expect(topology.previousOwnerIn('', key)).toBeUndefined()
  })

  test('keeps the nodes that go in the lists until it is over, without a share', () => {
    const shrinking = new Topology({ nodes: 2, nodesBefore: 4, regions: ['weur', 'sam'] })
    const shares = shrinking.shares()

    expect([...shares.keys()]).toEqual(shrinking.allNodes())
    expect(shrinking.allNodes()).toHaveLength(8)
    for (const region of ['weur', 'sam']) {
      expect(shares.get(`${region}/node-2`)).toBe(0)
      expect(shares.get(`${region}/node-3`)).toBe(0)
      const [first = 0, second = 0] = [0, 1].map((i) => shares.get(`${region}/node-${i}`))
      expect(first + second).toBeCloseTo(1)
    }
  })
})

describe('the stages of a purge', () => {
  /** A key that moves, to where its previous owner is a guest or is not. */
  function movedKey(topology: Topology, { toGuest }: { toGuest: boolean }): string {
    return KEYS.find((key) => {
      const previous = topology.previousOwnerIn(topology.home, key)
      const guests = topology.ownersIn(topology.home, key)
      return previous !== undefined && guests.includes(previous) === toGuest
    }) as string
  }

  test('of a key are the previous owner, the owner with guests, and both again elsewhere', () => {
    const topology = new Topology({ nodes: 4, nodesBefore: 6, regions: ['weur', 'sam', 'oc'] })
    const key = movedKey(topology, { toGuest: false })

    const stages = topology.stagesOf(key)

    const previous = ['weur', 'sam', 'oc'].map((region) => topology.previousOwnerIn(region, key))
    const owners = ['weur', 'sam', 'oc'].map((region) => topology.ownersIn(region, key))
    expect(stages.map((stage) => stage.map(({ node }) => node))).toEqual([
      previous.slice(0, 1),
      owners[0],
      previous.slice(1),
      owners.slice(1).flat(),
    ])
    const guests = owners.flatMap((names) => names.slice(1))
    for (const { node, isGuest } of stages.flat()) expect(isGuest).toBe(guests.includes(node))
  })

  test('of a key have a previous owner that is a guest now once, and not as a guest', () => {
    const topology = new Topology({ nodes: 6, nodesBefore: 4 })
    const key = movedKey(topology, { toGuest: true })

    const stages = topology.stagesOf(key)

    const previous = { node: topology.previousOwnerIn('', key), isGuest: false }
    expect(stages.map((stage) => stage.length)).toEqual([1, 2, 0, 0])
    expect(stages[0]).toEqual([previous])
  })

  test('of a key that stays where it is have nobody in place of a previous owner', () => {
    const topology = new Topology({ nodes: 6, nodesBefore: 4 })
    const key = KEYS.find((key) => topology.previousOwnerIn('', key) === undefined) as string

    expect(topology.stagesOf(key).map((stage) => stage.length)).toEqual([0, 3, 0, 0])
  })

  test('of everything are home, then all the others', () => {
    const topology = new Topology({ nodes: 2, regions: ['weur', 'sam', 'oc'] })

    expect(topology.allStages()).toEqual([
      topology.nodesIn('weur'),
      [...topology.nodesIn('sam'), ...topology.nodesIn('oc')],
    ])
    expect(new Topology({ nodes: 2 }).allStages()).toEqual([['node-0', 'node-1']])
  })

  test('of everything come twice while the ring changes, region by region', () => {
    const topology = new Topology({ nodes: 2, nodesBefore: 3, regions: ['weur', 'sam'] })
    const weur = ['weur/node-0', 'weur/node-1', 'weur/node-2']
    const sam = ['sam/node-0', 'sam/node-1', 'sam/node-2']

    expect(topology.allStages()).toEqual([weur, weur, sam, sam])
  })

  test('of any key have each node that may be asked for it, once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
        fc.subarray(['weur', 'sam', 'oc']),
        fc.string(),
        (nodes, nodesBefore, regions, key) => {
          const topology = new Topology({ nodes, nodesBefore, regions })
          const stages = topology.stagesOf(key).map((stage) => stage.map(({ node }) => node))

          const asked = topology.regions.flatMap((region) => [
            ...topology.ownersIn(region, key),
            ...[topology.previousOwnerIn(region, key) ?? []].flat(),
          ])
          expect(stages.flat().sort()).toEqual([...new Set(asked)].sort())
          expect(stages).toHaveLength(4)
          const all = new Set(topology.allNodes())
          for (const node of asked) expect(all).toContain(node)
        },
      ),
      { seed: 2, numRuns: 300 },
    )
  })
})
