/** Owns how much a server gets done: so many connections, each with its next request as soon as it can. */

import { readFileSync } from 'node:fs'
import { Connection } from './connection.ts'

export interface Throughput {
  readonly perSecond: number
  readonly requests: number
  /** Processor time of the server, in microseconds: all of its threads. */
  readonly serverMicros: number
  /** The part of one core that the client has used, 0 to 1. */
  readonly clientLoad: number
}

export class Load {
  private readonly connections: readonly Connection[]
  private readonly request: Buffer
  private readonly pid: number

  /** @param pid The server's. */
  static async open(
    port: number,
    { connections, request, pid }: { connections: number; request: Buffer; pid: number },
  ): Promise<Load> {
    const opened = Array.from({ length: connections }, () => Connection.open(port))
    return new Load(await Promise.all(opened), request, pid)
  }

  private constructor(connections: readonly Connection[], request: Buffer, pid: number) {
    this.connections = connections
    this.request = request
    this.pid = pid
  }

  /** Throws when an answer is not 200. */
  async run(forMs: number): Promise<Throughput> {
    const serverBefore = processorMicros(this.pid)
    const clientBefore = process.cpuUsage()
    const start = performance.now()
    const counts = await Promise.all(
      this.connections.map((connection) => this.ask(connection, start + forMs)),
    )
    const tookMs = performance.now() - start
    const { user, system } = process.cpuUsage(clientBefore)
    const requests = counts.reduce((sum, count) => sum + count, 0)
    return {
      perSecond: (requests / tookMs) * 1000,
      requests,
      serverMicros: processorMicros(this.pid) - serverBefore,
      clientLoad: (user + system) / 1000 / tookMs,
    }
  }

  close(): void {
    for (const connection of this.connections) connection.close()
  }

  private async ask(connection: Connection, untilMs: number): Promise<number> {
    let requests = 0
    do {
      const { status } = await connection.send(this.request)
      if (status !== 200) throw new Error(`Answered with status ${status}.`)
      requests++
    } while (performance.now() < untilMs)
    return requests
  }
}

/** Linux counts processor time in ticks, of which `getconf CLK_TCK` has a hundred to the second everywhere. */
const MICROS_PER_TICK = 10_000

/** What a process has used so far; not a number where there is no /proc. */
function processorMicros(pid: number): number {
  try {
    // The name may hold spaces, and ends with the last parenthesis. User time is the 14th field, system time next.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(')').at(-1)?.trim().split(' ')
    return (Number(fields?.[11]) + Number(fields?.[12])) * MICROS_PER_TICK
  } catch {
    return Number.NaN
  }
}
