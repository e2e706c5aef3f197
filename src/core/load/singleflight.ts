/** Owns that a piece of work is done once, however many ask for it at a time. */

/** How callers of one key share a load. */
export interface LoadSharing<T> {
  /** Whether a call of `run` would join work that is under way. */
  has(key: string): boolean
  /** The outcome of the work under way for `key`; `work` is started when there is none. */
  run(key: string, work: () => T | Promise<T>): Promise<T>
  /** Lets the work under way end for those who wait, and hides it from all who come later. */
  forget(key: string): void
  /** `forget` for every key. */
  forgetAll(): void
}

/**
 * One piece of work per key at a time. Work that throws, at once or later, fails those who waited for
 * it and frees its key. Source: groupcache's singleflight.go.
 */
export class Singleflight<T> implements LoadSharing<T> {
  private readonly flights = new Map<string, Promise<T>>()

  /** How many pieces of work are under way. */
  get size(): number {
    return this.flights.size
  }

  has(key: string): boolean {
    return this.flights.has(key)
  }

  run(key: string, work: () => T | Promise<T>): Promise<T> {
    const underWay = this.flights.get(key)
    if (underWay !== undefined) return underWay

    const { promise, resolve, reject } = Promise.withResolvers<T>()
    // Known before it starts: work that asks for its own key must find itself, not start again.
    this.flights.set(key, promise)
    const land = () => {
      // After a `forget` the key may belong to a later flight.
      if (this.flights.get(key) === promise) this.flights.delete(key)
    }
    // The first reaction on the promise: whoever waits for it sees the key free.
    promise.then(land, land)
    try {
      resolve(work())
    } catch (error) {
      reject(error)
    }
    return promise
  }

  forget(key: string): void {
    this.flights.delete(key)
  }

  forgetAll(): void {
    this.flights.clear()
  }
}

/**
 * Each caller works for itself. For the edge, where a promise belongs to one request: another request
 * that waited for it would hang when the first one ends.
 */
export class NoSharing<T> implements LoadSharing<T> {
  has(): boolean {
    return false
  }

  async run(_key: string, work: () => T | Promise<T>): Promise<T> {
    return work()
  }

  forget(): void {}

  forgetAll(): void {}
}
