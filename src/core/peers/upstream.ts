/** Owns what a node asks of other nodes before it runs its own loader. Interface only. */

import type { Reply } from './peers.ts'

export interface Upstream {
  /**
   * What the key's previous owner still has, while the ring changes; `undefined`: nothing, or nothing that
   * may be taken over. Never rejects.
   */
  peek(key: string): Promise<Reply | undefined>
  /** Notes that a load, or home, has answered `key`: nothing older may be taken over from then on. */
  answered(key: string): void
  /** The answer of the key's owner at home; `undefined`: this is home, or it could not serve. Never rejects. */
  get(key: string): Promise<Reply | undefined>
}
