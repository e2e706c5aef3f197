/** Owns how hits over HTTP compare with the least that the runtime can do for such an answer. */

import { Connection, requestBytes } from '../support/connection.ts'
import { Load, type Throughput } from '../support/load.ts'
import { checkAtLeast, printTable } from '../support/report.ts'
import { median } from '../support/timing.ts'
import { type Service, serve } from '../support/workerd.ts'

const CONNECTIONS = 32
/** Short, so that what slows the machine for a moment meets both of a pair. */
const BATCH_MS = 150
const ROUNDS = { measured: 60, warmUp: 20 }

const SIZES = [
  { name: '1 KiB', bytes: 1024 },
  { name: '64 KiB', bytes: 64 * 1024 },
] as const

/** A Worker that does what a hit cannot do without, and nothing else. */
interface Bare extends Pick<Service, 'worker' | 'objects' | 'vars'> {
  readonly name: string
}

/** How much of the first of its bare Workers a hit has to reach; the others say where it gets lost. */
interface Kind {
  readonly hit: string
  readonly name: string
  readonly limit: number
  readonly bare: readonly Bare[]
}

const HOP = { worker: 'bare-node', objects: { binding: 'NODE', className: 'BareNode' } }

const KINDS: readonly Kind[] = [
  { hit: 'hot', name: 'hot hit', limit: 0.85, bare: [{ name: 'bare Worker', worker: 'bare' }] },
  {
    hit: 'owner',
    name: 'owner hit',
    limit: 0.9,
    bare: [
      { ...HOP, name: 'bare Durable Object hop', vars: { CARRIES: 'bytes', IS_TIMED: false } },
      { ...HOP, name: 'hop with a key and an entry', vars: { CARRIES: 'entry', IS_TIMED: false } },
      { ...HOP, name: 'that, and a timer', vars: { CARRIES: 'entry', IS_TIMED: true } },
    ],
  },
]

interface Contender {
  readonly name: string
  readonly kind: Kind
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
    KINDS.flatMap(({ bare, hit }) =>
      bare.map((service): Service => {
        const vars = { ...service.vars, HEADERS: headers.get(`${hit} ${bytes}`), BYTES: bytes }
        return { ...service, name: serviceName(service, bytes), vars }
      }),
    ),
  )
  const runtime = await serve([OURS, ...bareServices])
  const figures: Record<string, object> = {}
  try {
    for (const { name: size, bytes } of SIZES) {
      const contenders: Contender[] = []
      for (const kind of KINDS) {
        const request = requestBytes(pathOf(kind.hit, bytes))
        const add = async (name: string, service: string) => {
          const options = { connections: CONNECTIONS, request, pid: runtime.pid }
          const load = await Load.open(runtime.port(service), options)
          contenders.push({ name, kind, load, samples: [] })
        }
        for (const bare of kind.bare) await add(bare.name, serviceName(bare, bytes))
        await add(kind.name, 'ours')
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

function serviceName({ name }: Bare, bytes: number): string {
  return `${name}, ${bytes} bytes`
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
  const figures = contenders.map(({ name, kind, samples }) => {
    const perSecond = samples.map((sample) => sample.perSecond)
    const bare = contenders.find((other) => other.kind === kind)?.samples ?? []
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
  for (const { name, bare, limit } of KINDS) {
    const hit = figures.find((figure) => figure.name === name) as (typeof figures)[number]
    checkAtLeast(`${name} of ${bare[0]?.name}, ${size}`, hit.ofBare, limit, 'times', 2)
  }
  return figures
}
