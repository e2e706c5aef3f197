/** Owns how hits over HTTP compare with the least that the runtime can do for such an answer. */

import { Connection, requestBytes } from '../support/connection.ts'
import { Load, type Throughput } from '../support/load.ts'
import { checkAtLeast, printTable } from '../support/report.ts'
import { median } from '../support/timing.ts'
import { type Service, serve } from '../support/workerd.ts'

const CONNECTIONS = 32
/** Short, so that what slows the machine for a moment meets both of a pair. */
const BATCH_MS = 150
const ROUNDS = { measured: 60, warmUp: 6 }

const SIZES = [
  { name: '1 KiB', bytes: 1024 },
  { name: '64 KiB', bytes: 64 * 1024 },
] as const

/** What each hit is compared with, and how much of that it has to reach. */
const KINDS = [
  { hit: 'hot', bare: 'bare', limit: 0.85, names: ['bare Worker', 'hot hit'] },
  {
    hit: 'owner',
    bare: 'bare-node',
    limit: 0.9,
    names: ['bare Durable Object hop', 'owner hit'],
    objects: { binding: 'NODE', className: 'BareNode' },
  },
] as const

interface Contender {
  readonly name: string
  readonly load: Load
  readonly samples: Throughput[]
}

export const OURS: Service = {
  name: 'ours',
  worker: 'groupcache',
  objects: { binding: 'CACHE_NODE', className: 'CacheNode' },
  entrypoints: ['nodeCalls'],
}

/** @param rounds How many are counted; default 60. */
export async function compareHits(rounds: number = ROUNDS.measured): Promise<object> {
  const headers = await headersOfHits()
  const bareServices = SIZES.flatMap(({ bytes }) =>
    KINDS.map((kind): Service => {
      const vars = { HEADERS: headers.get(`${kind.hit} ${bytes}`), BYTES: bytes }
      const objects = 'objects' in kind ? { objects: kind.objects } : {}
      return { name: `${kind.bare}-${bytes}`, worker: kind.bare, vars, ...objects }
    }),
  )
  const runtime = await serve([OURS, ...bareServices])
  const figures: Record<string, object> = {}
  try {
    for (const { name: size, bytes } of SIZES) {
      const contenders: Contender[] = []
      for (const { hit, bare, names } of KINDS) {
        const open = (service: string, path: string) => {
          const port = runtime.port(service)
          const request = requestBytes(path)
          return Load.open(port, { connections: CONNECTIONS, request, pid: runtime.pid })
        }
        const path = pathOf(hit, bytes)
        const loads = [await open(`${bare}-${bytes}`, path), await open('ours', path)]
        loads.forEach((load, i) => {
          contenders.push({ name: names[i] as string, load, samples: [] })
        })
      }
      await runRounds(contenders, rounds)
      for (const { load } of contenders) load.close()
      figures[size] = report(size, contenders)
    }
  } finally {
    await runtime.close()
  }
  return figures
}

function pathOf(group: string, bytes: number): string {
  return `/cache/${group}/${bytes}-users/42/profile`
}

/** The header fields of each hit, by group and size: those that the bare Workers then send too. */
async function headersOfHits(): Promise<Map<string, Record<string, string>>> {
  const runtime = await serve([OURS])
  const headers = new Map<string, Record<string, string>>()
  try {
    const connection = await Connection.open(runtime.port('ours'))
    for (const { bytes } of SIZES) {
      for (const { hit } of KINDS) {
        const request = requestBytes(pathOf(hit, bytes))
        await connection.send(request)
        const { status, head, bodyBytes } = await connection.send(request)
        const isHit = status === 200 && bodyBytes === bytes && /^cache-status:.* hit/im.test(head)
        if (!isHit) throw new Error(`Not a hit:\n${head}`)
        const fields = head.split('\r\n').slice(1)
        const pairs = fields.map((field) => field.split(/: (.*)/s) as [string, string])
        headers.set(`${hit} ${bytes}`, Object.fromEntries(pairs))
      }
    }
    connection.close()
  } finally {
    await runtime.close()
  }
  return headers
}

/** Each round runs every contender once, and begins with another one than the round before. */
async function runRounds(contenders: readonly Contender[], measured: number): Promise<void> {
  for (let round = 0; round < ROUNDS.warmUp + measured; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const { load, samples } = contenders[(round + turn) % contenders.length] as Contender
      const sample = await load.run(BATCH_MS)
      if (round >= ROUNDS.warmUp) samples.push(sample)
    }
  }
}

/** Over all rounds: the clock of a process is too coarse for a single one. */
function serverMicrosOf(samples: readonly Throughput[]): number {
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0)
  return samples.reduce((sum, sample) => sum + sample.serverMicros, 0) / requests
}

function report(size: string, contenders: readonly Contender[]): object {
  const figures = contenders.map(({ name, samples }, i) => {
    const perSecond = samples.map((sample) => sample.perSecond)
    const bare = contenders[i - (i % 2)]?.samples ?? []
    const ratios = samples.map(
      (sample, round) => sample.perSecond / (bare[round]?.perSecond ?? Number.NaN),
    )
    return {
      name,
      perSecond: median(perSecond),
      lowest: Math.min(...perSecond),
      highest: Math.max(...perSecond),
      ofBare: median(ratios),
      serverMicros: serverMicrosOf(samples),
      ofBareByProcessor: serverMicrosOf(bare) / serverMicrosOf(samples),
      clientLoad: median(samples.map((sample) => sample.clientLoad)),
    }
  })
  printTable(
    `Requests per second, ${size}, ${CONNECTIONS} connections`,
    ['', 'median', 'low', 'high', 'of bare', 'server µs each', 'of bare', "client's core"],
    figures.map((figure) => [
      figure.name,
      ...[figure.perSecond, figure.lowest, figure.highest].map((n) => n.toFixed(0)),
      figure.ofBare.toFixed(2),
      figure.serverMicros.toFixed(0),
      figure.ofBareByProcessor.toFixed(2),
      `${(figure.clientLoad * 100).toFixed(0)}%`,
    ]),
  )
  KINDS.forEach(({ names, limit }, i) => {
    const hit = figures[i * 2 + 1] as (typeof figures)[number]
    checkAtLeast(`${names[1]} of ${names[0]}, ${size}`, hit.ofBare, limit, 'times', 2)
  })
  return figures
}
