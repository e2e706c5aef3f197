/** Owns how many keys in one request compare with as many requests. */

import { Connection, requestBytes } from '../support/connection.ts'
import { printTable } from '../support/report.ts'
import { median } from '../support/timing.ts'
import { serve } from '../support/workerd.ts'
import { OURS } from './hits.ts'

const KEYS = Array.from({ length: 100 }, (_, i) => `1024-users/${i}/profile`)
const CONNECTIONS = 10
const ROUNDS = { measured: 30, warmUp: 5 }

const GROUPS = [
  { name: 'owner', label: 'from their owners' },
  { name: 'hot', label: "from the isolate's copies" },
]

interface Contender {
  readonly name: string
  readonly run: () => Promise<unknown>
  readonly microsPerKey: number[]
  nodeCalls: number
}

export async function compareMany(): Promise<object> {
  const runtime = await serve([OURS])
  const open = (name: string) => Connection.open(runtime.port(name))
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => open('ours')))
  const counter = await open('ours/nodeCalls')
  const countCalls = async () => Number((await counter.send(requestBytes('/'))).body)
  const figures: Record<string, object> = {}
  try {
    for (const { name: group, label } of GROUPS) {
      const contenders = contendersOf(group, connections)
      for (let round = 0; round < ROUNDS.warmUp + ROUNDS.measured; round++) {
        for (let turn = 0; turn < contenders.length; turn++) {
          const contender = contenders[(round + turn) % contenders.length] as Contender
          const callsBefore = await countCalls()
          const start = performance.now()
          await contender.run()
          const micros = ((performance.now() - start) * 1000) / KEYS.length
          contender.nodeCalls = (await countCalls()) - callsBefore
          if (round >= ROUNDS.warmUp) contender.microsPerKey.push(micros)
        }
      }
      figures[group] = report(label, contenders)
    }
  } finally {
    for (const connection of [...connections, counter]) connection.close()
    await runtime.close()
  }
  return figures
}

function contendersOf(group: string, connections: readonly Connection[]): Contender[] {
  const path = `/cache/${group}`
  const single = KEYS.map((key) => requestBytes(`${path}/${key}`))
  const many = requestBytes(path, JSON.stringify({ keys: KEYS }))
  const inTurn = async (connection: Connection, requests: readonly Buffer[]) => {
    for (const request of requests) await expectAnswer(connection, request)
  }
  const contender = (name: string, run: () => Promise<unknown>): Contender => {
    return { name, run, microsPerKey: [], nodeCalls: 0 }
  }
  const [first] = connections as [Connection]
  return [
    contender('one POST of 100 keys', () => expectAnswer(first, many)),
    contender('100 GETs, one after another', () => inTurn(first, single)),
    contender(`100 GETs on ${CONNECTIONS} connections`, () => {
      const requestsOf = (i: number) => single.filter((_, n) => n % CONNECTIONS === i)
      return Promise.all(connections.map((connection, i) => inTurn(connection, requestsOf(i))))
    }),
  ]
}

async function expectAnswer(connection: Connection, request: Buffer): Promise<void> {
  const { status } = await connection.send(request)
  if (status !== 200) throw new Error(`Answered with status ${status}.`)
}

function report(label: string, contenders: readonly Contender[]): object {
  const [ours] = contenders
  const figures = contenders.map(({ name, microsPerKey, nodeCalls }) => ({
    name,
    microsPerKey: median(microsPerKey),
    lowest: Math.min(...microsPerKey),
    highest: Math.max(...microsPerKey),
    timesFirst: median(
      microsPerKey.map((micros, round) => micros / (ours?.microsPerKey[round] ?? 0)),
    ),
    nodeCalls,
  }))
  printTable(
    `100 values of 1 KiB, ${label}: microseconds per key`,
    ['', 'median', 'low', 'high', 'times the first', 'calls to nodes'],
    figures.map(({ name, microsPerKey, lowest, highest, timesFirst, nodeCalls }) => [
      name,
      ...[microsPerKey, lowest, highest].map((n) => n.toFixed(0)),
      timesFirst.toFixed(1),
      nodeCalls,
    ]),
  )
  return figures
}
