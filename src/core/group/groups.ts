/** Owns the names of the groups in one place, edge isolate or node. */

import { ConfigError } from '../errors.ts'
import type { Group } from './group.ts'

/** The groups of one place by name: groupcache's NewGroup and GetGroup, without its process-wide table. */
export class Groups {
  private readonly byName = new Map<string, Group>()

  /** Throws `ConfigError` when the name is taken. */
  add(group: Group): void {
    if (this.byName.has(group.name)) {
      throw new ConfigError('group', group.name, 'a name that no other group has')
    }
    this.byName.set(group.name, group)
  }

  get(name: string): Group | undefined {
    return this.byName.get(name)
  }

  [Symbol.iterator](): IterableIterator<Group> {
    return this.byName.values()
  }
}
