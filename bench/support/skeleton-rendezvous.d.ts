/** The part of `skeleton-rendezvous` that the benchmarks use; the package brings no types. */
declare module 'skeleton-rendezvous' {
  export default class SkeletonRendezvousHasher {
    constructor(options: { sites: string[] })
    getSites(): string[]
    findSite(key: string): string
  }
}
