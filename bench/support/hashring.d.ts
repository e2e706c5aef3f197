/** The part of `hashring` that the benchmarks use; the package brings no types. */
declare module 'hashring' {
  export default class HashRing {
    readonly ring: readonly { readonly value: number; readonly server: string }[]
    /** `algorithm` names a Node hash, or returns at least 4 bytes per replica. */
    constructor(
      servers: string[],
      algorithm?: string | ((key: string) => ArrayLike<number>),
      options?: { 'vnode count'?: number; replicas?: number },
    )
    /** The server of a key. The last 5,000 answers are remembered. */
    get(key: string): string
    /** The index in `ring` of the point that a hash belongs to. */
    find(hashValue: number): number
    hashValue(key: string): number
  }
}
