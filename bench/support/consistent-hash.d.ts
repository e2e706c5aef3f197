/** The part of `consistent-hash` that the benchmarks use; the package brings no types. */
declare module 'consistent-hash' {
  export default class ConsistentHash {
    /** `range`: positions on the ring. `controlPoints`: points per node, placed at random. */
    constructor(options?: { range?: number; controlPoints?: number })
    add(node: string): this
    get(key: string): string
  }
}
