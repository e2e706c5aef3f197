/** Owns what stands for a store on a disk that cannot be opened: nothing is found, and nothing is purged. */

import type { EntryStore } from '../core/durable/entry-store.ts'

/** Every call throws, as there may be entries that nobody can get at. */
export class FailedStore implements EntryStore {
  private readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }

  get bytes(): number {
    return this.fail()
  }

  get items(): number {
    return this.fail()
  }

  get earliestRemovableMs(): number {
    return this.fail()
  }

  read = this.fail
  bytesOf = this.fail
  write = this.fail
  touch = this.fail
  keysOf = this.fail
  delete = this.fail
  makeStale = this.fail
  leastRecentlyUsed = this.fail
  deleteRemovable = this.fail

  private fail(): never {
    throw new Error('The disk cannot be used.', { cause: this.cause })
  }
}
