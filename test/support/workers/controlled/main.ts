/** A Worker whose nodes ask the test, before each call that they get, what is to become of it. */

import type {
  GetManyMessage,
  GetMessage,
  PurgeMessage,
  SetMessage,
} from '../../../../src/core/peers/messages.ts'
import { createCacheNode, createWorker } from '../../../../src/library.ts'
import type { Order } from './order.ts'

const worker = createWorker({ groups: {} })
export default worker
export const { Groupcache } = worker

export class ControlledNode extends createCacheNode({}) {
  override async get(message: GetMessage) {
    if ((await this.ask('get')) === 'load, then abort') {
      void super.get(message)
      await this.ask('abort')
    }
    return super.get(message)
  }

  override async getMany(message: GetManyMessage) {
    await this.ask('getMany')
    return super.getMany(message)
  }

  override async peek(message: GetMessage) {
    await this.ask('peek')
    return super.peek(message)
  }

  override async set(message: SetMessage) {
    await this.ask('set')
    return super.set(message)
  }

  override async purge(message: PurgeMessage) {
    await this.ask('purge')
    return super.purge(message)
  }

  override async ping() {
    await this.ask('ping')
  }

  private async ask(call: string): Promise<Order> {
    const { CONTROL } = this.env as unknown as { readonly CONTROL: string }
    const response = await fetch(`${CONTROL}/${this.ctx.id.name}/${call}`)
    const order = (await response.text()) as Order
    if (order === 'throw') throw new Error('This node breaks.')
    if (order === 'be overloaded') throw Object.assign(new Error('Too much.'), { overloaded: true })
    if (order === 'abort') this.ctx.abort('This node is reset.')
    return order
  }
}
