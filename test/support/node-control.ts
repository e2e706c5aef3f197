/** Owns what becomes of the calls to nodes of the Worker in `workers/controlled`: they ask here first. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Order } from './workers/controlled/order.ts'

export interface NodeControl {
  readonly url: string
  /** Every call so far, as `node-3/get`. Of a node that aborts itself in the midst of a load, `node-3/abort` too. */
  readonly calls: readonly string[]
  /** From now on; by default all calls are served. */
  order: (node: string, call: string) => Order | Promise<Order>
  close(): Promise<void>
}

export async function startNodeControl(): Promise<NodeControl> {
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const path = (request.url as string).slice(1)
    calls.push(path)
    const slash = path.lastIndexOf('/')
    response.end(await control.order(path.slice(0, slash), path.slice(slash + 1)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const control: NodeControl = {
    url: `http://127.0.0.1:${port}`,
    calls,
    order: () => 'serve',
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return control
}
