/** Owns which nodes there are and where a key belongs: in each region, now and before the ring was changed. */

import { Ring } from './ring.ts'

/** A location hint of the platform; `''` where there are no regions, and so one ring without a hint. */
export type Region = string

export interface TopologyOptions {
  /** How many nodes each region has. */
  readonly nodes: number
  /** How many it had, while that is being changed. */
  readonly nodesBefore?: number | undefined
  /** The first is home. Default: none. */
  readonly regions?: readonly Region[]
}

/** The settings that say which nodes there are and what each of them owns. */
export interface RingSettings {
  readonly nodes: number
  /** The earlier count, while the ring changes. */
  readonly nodesBefore?: number | undefined
  /** Home first; `['']` where there are no regions. */
  readonly regions: readonly Region[]
}

/** A node that may hold a copy of a key. */
export interface Holder {
  readonly node: string
  /** What guests hold ends soon by itself. */
  readonly isGuest: boolean
}

/** An owner and at most two guests: a purge has to reach each node that may hold a copy. */
const HOLDERS_PER_KEY = 3

export class Topology {
  /** Home first. */
  readonly regions: readonly Region[]
  readonly home: Region
  /** Of names without region: a key's place is the same in each. */
  readonly ring: Ring
  private readonly ringBefore: Ring | undefined

  constructor({ nodes, nodesBefore, regions = [] }: TopologyOptions) {
    this.regions = regions.length === 0 ? [''] : regions
    this.home = this.regions[0] as Region
    this.ring = new Ring(nodeNames(nodes))
    const isChanging = nodesBefore !== undefined && nodesBefore !== nodes
    this.ringBefore = isChanging ? new Ring(nodeNames(nodesBefore)) : undefined
  }

  get settings(): RingSettings {
    const nodesBefore = this.ringBefore?.nodes.length
    return { nodes: this.ring.nodes.length, nodesBefore, regions: this.regions }
  }

  /** Whether keys may still be where they were before the ring was changed. */
  get isChanging(): boolean {
    return this.ringBefore !== undefined
  }

  /** The owner of `key`, and those that stand in for it, in the order in which they are asked. */
  ownersIn(region: Region, key: string): string[] {
    return this.ring.pickMany(key, HOLDERS_PER_KEY).map((node) => nameIn(region, node))
  }

  ownerIn(region: Region, key: string): string {
    return nameIn(region, this.ring.pick(key))
  }

  /** Which keys a node owns; none, if a node of that name is not on the ring. */
  ownershipOf(node: string): (key: string) => boolean {
    // A name of an older setting is no owner's.
    const region = this.regionOf(node) ?? this.home
    return (key) => this.ownerIn(region, key) === node
  }

  /** Who owned `key` before the ring was changed, if that was another node. */
  previousOwnerIn(region: Region, key: string): string | undefined {
    const previous = this.ringBefore?.pick(key)
    const isOther = previous !== undefined && previous !== this.ring.pick(key)
    return isOther ? nameIn(region, previous) : undefined
  }

  /** All nodes, those included that are only there until the change is over. */
  nodesIn(region: Region): string[] {
    return nodeNames(this.nodesPerRegion, region)
  }

  allNodes(): string[] {
    return this.regions.flatMap((region) => this.nodesIn(region))
  }

  /** The region that a node is in; `undefined` for a name of no node, as one of an older setting may be. */
  regionOf(name: string): Region | undefined {
    return this.regions.find((region) => {
      const prefix = nameIn(region, '')
      return name.startsWith(prefix) && /^node-\d+$/.test(name.slice(prefix.length))
    })
  }

  /** The part of its region's keys, 0 to 1, that each node owns, by name. */
  shares(): Map<string, number> {
    const shares = this.ring.shares()
    return new Map(
      this.regions.flatMap((region) =>
        nodeNames(this.nodesPerRegion).map(
          (node) => [nameIn(region, node), shares.get(node) ?? 0] as const,
        ),
      ),
    )
  }

  private get nodesPerRegion(): number {
    return Math.max(this.ring.nodes.length, this.ringBefore?.nodes.length ?? 0)
  }

  /**
   * Where copies of `key` may be, in four stages, some of them empty: what is forgotten in one cannot come back from an earlier
   * one. A new owner takes from the previous one, a region from home.
   */
  stagesOf(key: string): Holder[][] {
    return this.byDistance().flatMap((regions) => [
      regions.flatMap((region) => holder(this.previousOwnerIn(region, key)) ?? []),
      regions.flatMap((region) => this.presentHoldersIn(region, key)),
    ])
  }

  /** Without the previous owner, which may be a guest now: it has been told. */
  private presentHoldersIn(region: Region, key: string): Holder[] {
    const previous = this.previousOwnerIn(region, key)
    return this.ownersIn(region, key)
      .map((node, i) => ({ node, isGuest: i > 0 }))
      .filter(({ node }) => node !== previous)
  }

  /**
   * All nodes, in stages. While the ring changes each region comes twice: any node may take from any other
   * between the first round's calls, and what it took then goes with the second.
   */
  allStages(): string[][] {
    const stages = this.byDistance()
      .filter((regions) => regions.length > 0)
      .map((regions) => regions.flatMap((region) => this.nodesIn(region)))
    return this.isChanging ? stages.flatMap((stage) => [stage, stage]) : stages
  }

  private byDistance(): [Region[], Region[]] {
    const [home, ...others] = this.regions as [Region, ...Region[]]
    return [[home], others]
  }
}

function holder(node: string | undefined): Holder | undefined {
  return node === undefined ? undefined : { node, isGuest: false }
}

export function nodeNames(count: number, region: Region = ''): string[] {
  return Array.from({ length: count }, (_, i) => nameIn(region, `node-${i}`))
}

function nameIn(region: Region, node: string): string {
  return region === '' ? node : `${region}/${node}`
}
