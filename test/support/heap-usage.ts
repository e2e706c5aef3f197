/** Owns measuring the heap of a Worker's isolate, over the inspector of the runtime. */

import type { WorkerServer } from './worker-server.ts'

interface HeapUsage {
  /** JavaScript objects. */
  readonly usedSize: number
  /** The runtime's own objects behind them. */
  readonly embedderHeapUsedSize: number
  /** The buffers of typed arrays. */
  readonly backingStorageSize: number
}

export interface HeapMeter {
  /** All that the isolate's heap holds now, garbage included, in bytes. */
  read(): Promise<number>
  /** Lets the garbage go first. */
  readLive(): Promise<number>
  close(): void
}

/** @param worker Started with `canBeInspected`. */
export async function meterHeapOf({ runtime }: WorkerServer): Promise<HeapMeter> {
  const { host } = await runtime.getInspectorURL()
  const list = await fetch(`http://${host}/json`)
  const targets = (await list.json()) as { id: string; webSocketDebuggerUrl: string }[]
  // Beside the runtime's own Workers there is one of the user's.
  const target = targets.find(({ id }) => id.startsWith('core:user:'))
  if (target === undefined) throw new Error('The inspector knows no Worker.')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  let calls = 0
  const call = (method: string) => {
    const id = ++calls
    return new Promise<unknown>((resolve) => {
      const hear = ({ data }: MessageEvent) => {
        const answer = JSON.parse(String(data)) as { id: number; result: unknown }
        if (answer.id !== id) return
        socket.removeEventListener('message', hear)
        resolve(answer.result)
      }
      socket.addEventListener('message', hear)
      socket.send(JSON.stringify({ id, method }))
    })
  }
  const read = async () => {
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = (await call(
      'Runtime.getHeapUsage',
    )) as HeapUsage
    return usedSize + embedderHeapUsedSize + backingStorageSize
  }
  return {
    read,
    readLive: async () => {
      await call('HeapProfiler.collectGarbage')
      return read()
    },
    close: () => socket.close(),
  }
}
