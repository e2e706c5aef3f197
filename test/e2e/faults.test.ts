/** The built Worker when its nodes fail, in all the ways in which they do on the platform. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Topology } from '../../src/core/ring/topology.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { type NodeControl, startNodeControl } from '../support/node-control.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import type { Order } from '../support/workers/controlled/order.ts'

const NODES = 128
const AUTHORIZED = { Authorization: 'Bearer correct-horse' }
const topology = new Topology({ nodes: NODES })

let origin: HttpOriginServer
let control: NodeControl
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  control = await startNodeControl()
  worker = await startControlled(NODES)
})

function startControlled(nodes: number): Promise<WorkerServer> {
  const group = { origin: origin.url, hotTtl: '0s', ttl: '1h' }
  const GROUPS = { pages: group, brief: { ...group, timeout: '300ms' } }
  const vars = { NODES: nodes, CONTROL: control.url, ADMIN_TOKEN: 'correct-horse', GROUPS }
  return startWorker({ configPath: 'test/support/workers/controlled/wrangler.toml', vars })
}

afterAll(async () => {
  await worker.close()
  await control.close()
  await origin.close()
})

beforeEach(() => {
  control.order = () => 'serve'
  origin.answer = (request, response) => response.end(`origin says ${request.url}`)
})

const used = new Set<string>()

/** A key whose owner and guests no test has asked for anything: what is known of failed nodes lasts. */
function freshKey() {
  for (let i = 0; i < 10_000; i++) {
    const key = `key-${i}`
    const holders = topology.ownersIn('', key) as [string, string, string]
    if (holders.some((name) => used.has(name))) continue
    for (const name of holders) used.add(name)
    const [owner, guest, second] = holders
    return { guest, holders, key, owner, path: `/cache/pages/${key}`, second }
  }
  throw new Error('Every node has been asked: raise NODES.')
}

/** Calls to those nodes since the test began, as `node-3/get`. */
function callsTo(names: readonly string[]): string[] {
  return control.calls.filter((call) => names.some((name) => call.startsWith(`${name}/`)))
}

/** Orders for some nodes; all others serve. */
function orders(byNode: Record<string, Order | (() => Order | Promise<Order>)>) {
  control.order = (node, call) => {
    const order = byNode[node] ?? 'serve'
    if (call === 'ping') return 'serve'
    return typeof order === 'function' ? order() : order
  }
}

const never = () => new Promise<never>(() => {})

function statusOf(response: Response | undefined): string | null | undefined {
  return response?.headers.get('cache-status')
}

describe('an owner that', () => {
  test.each<Order>(['throw', 'be overloaded'])(
    'is to %s is asked once, and the next node answers as a guest with one load',
    async (order) => {
      const { guest, holders, key, owner, path } = freshKey()
      orders({ [owner]: order })

      const response = await worker.get(path)

      expect(response.status).toBe(200)
      expect(await response.text()).toBe(`origin says /${key}`)
      expect(statusOf(response)).toBe(`${guest}; fwd=miss; detail=guest, edge; fwd=miss`)
      expect(callsTo(holders)).toEqual([`${owner}/get`, `${guest}/get`])
      expect(origin.countOf(`/${key}`)).toBe(1)
    },
  )

  test('is reset is asked again at once, on a new stub, and no guest is', async () => {
    const { holders, key, owner, path } = freshKey()
    const answers: Order[] = ['abort', 'serve']
    orders({ [owner]: () => answers.shift() ?? 'serve' })

    const response = await worker.get(path)
    const next = await worker.get(path)

    expect(statusOf(response)).toBe(`${owner}; fwd=miss; stored, edge; fwd=miss`)
    expect(statusOf(next)).toMatch(new RegExp(`^${owner}; hit; ttl=\\d+, edge; fwd=miss$`))
    expect(callsTo(holders)).toEqual(Array(3).fill(`${owner}/get`))
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('is reset in the midst of a load loads again, as the node that had begun is gone', async () => {
    const { holders, key, owner, path } = freshKey()
    const arrived = Promise.withResolvers<void>()
    origin.answer = (request, response) => {
      if (origin.countOf(`/${key}`) === 1) arrived.resolve()
      else response.end(`origin says ${request.url}`)
    }
    const answers: (() => Order | Promise<Order>)[] = [
      () => 'load, then abort',
      async (): Promise<Order> => {
        await arrived.promise
        return 'abort'
      },
    ]
    orders({ [owner]: () => answers.shift()?.() ?? 'serve' })

    const response = await worker.get(path)

    expect(statusOf(response)).toBe(`${owner}; fwd=miss; stored, edge; fwd=miss`)
    expect(callsTo(holders)).toEqual([`${owner}/get`, `${owner}/abort`, `${owner}/get`])
    expect(origin.countOf(`/${key}`)).toBe(2)
  })

  test('hangs, and does not answer a ping either, is given up for the guest, with one load', async () => {
    const { guest, holders, key, owner, path } = freshKey()
    control.order = (node) => (node === owner ? never() : 'serve')

    const response = await worker.get(path)

    expect(statusOf(response)).toBe(`${guest}; fwd=miss; detail=guest, edge; fwd=miss`)
    expect(callsTo(holders)).toEqual([`${owner}/get`, `${owner}/ping`, `${guest}/get`])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('is slow, and answers pings, is waited for: there is no guest, and one load in all', async () => {
    const { holders, key, owner, path } = freshKey()
    const pinged = Promise.withResolvers<void>()
    control.order = async (node, call): Promise<Order> => {
      if (node !== owner) return 'serve'
      if (call === 'get') await pinged.promise
      else if (callsTo([owner]).length > 2) pinged.resolve()
      return 'serve'
    }

    const response = await worker.get(path)

    expect(statusOf(response)).toBe(`${owner}; fwd=miss; stored, edge; fwd=miss`)
    expect(callsTo(holders)).toEqual([`${owner}/get`, `${owner}/ping`, `${owner}/ping`])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })
})

describe('when owner and guests fail', () => {
  test('the edge loads for itself, once each time, and says that no node could', async () => {
    const { guest, holders, key, owner, path, second } = freshKey()
    orders({ [owner]: 'throw', [guest]: 'be overloaded', [second]: 'throw' })

    const response = await worker.get(path)

    expect(await response.text()).toBe(`origin says /${key}`)
    expect(statusOf(response)).toBe('edge; fwd=miss; detail=no-node')
    expect(callsTo(holders)).toEqual([`${owner}/get`, `${guest}/get`, `${second}/get`])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })
})

describe('an edge whose nodes all fail', () => {
  let lonely: WorkerServer

  beforeAll(async () => {
    lonely = await startControlled(3)
  })

  afterAll(() => lonely.close())

  beforeEach(() => {
    control.order = () => 'throw'
  })

  /** Asks for as many keys as the edge may load at once, and waits until all loads have begun. */
  async function fillUp(group: string, answer: HttpOriginServer['answer']) {
    const full = Promise.withResolvers<void>()
    let begun = 0
    origin.answer = (request, response) => {
      if (++begun === 16) full.resolve()
      answer(request, response)
    }
    const gets = Array.from({ length: 16 }, (_, i) => lonely.get(`/cache/${group}/${group}-${i}`))
    await full.promise
    return gets
  }

  test('has sixteen loads at once, answers 503 to what is more, and then goes on', async () => {
    const latch = Promise.withResolvers<void>()
    const gets = await fillUp('pages', (request, response) => {
      void latch.promise.then(() => response.end(`origin says ${request.url}`))
    })

    const refused = await Promise.all(
      Array.from({ length: 8 }, (_, i) => lonely.get(`/cache/pages/refused-${i}`)),
    )
    latch.resolve()
    const answered = await Promise.all(gets)
    const later = await lonely.get('/cache/pages/later')

    for (const response of refused) {
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(await response.json()).toMatchObject({ code: 'overloaded' })
    }
    expect(answered.map(({ status }) => status)).toEqual(Array(16).fill(200))
    expect(later.status).toBe(200)
    expect(origin.requests.filter(({ url }) => url?.includes('refused'))).toEqual([])
  })

  test('has room again when sixteen loads have run out of time', async () => {
    const gets = await fillUp('brief', () => {})
    const late = await Promise.all(gets)
    origin.answer = (request, response) => response.end(`origin says ${request.url}`)

    const later = await lonely.get('/cache/brief/later')

    expect(late.map(({ status }) => status)).toEqual(Array(16).fill(504))
    expect(later.status).toBe(200)
  })
})

describe("a loader's answer is final, and nobody else asks for it again:", () => {
  test.each<[string, string, number, HttpOriginServer['answer']]>([
    ['a value', 'pages', 200, (_, response) => response.end('630')],
    ['not found', 'pages', 404, (_, response) => response.writeHead(404).end()],
    ['failed', 'pages', 502, (_, response) => response.writeHead(500).end()],
    ['broken off', 'pages', 502, (request) => request.socket.destroy()],
    ['timed out', 'brief', 504, () => {}],
  ])('%s', async (_, group, status, answer) => {
    const { holders, key, owner } = freshKey()
    origin.answer = answer

    const response = await worker.get(`/cache/${group}/${key}`)

    expect(response.status).toBe(status)
    expect(callsTo(holders)).toEqual([`${owner}/get`])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })
})

describe('a node that has failed', () => {
  /** A key whose owner fails one read, which a guest has answered. */
  async function failedOwner() {
    const fresh = freshKey()
    const answers: Order[] = ['throw']
    orders({ [fresh.owner]: () => answers.shift() ?? 'serve' })
    await worker.get(fresh.path)
    return fresh
  }

  test('is not asked for a while, then tried, and used again as it answers', async () => {
    const { guest, holders, owner, path } = await failedOwner()

    const answers = [await worker.get(path)]
    while (statusOf(answers.at(-1))?.startsWith(guest)) answers.push(await worker.get(path))
    const tried = answers.pop()
    const usedAgain = await worker.get(path)

    for (const answer of answers) {
      expect(statusOf(answer)).toBe(`${guest}; fwd=miss; detail=guest, edge; fwd=miss`)
    }
    expect(statusOf(tried)).toBe(`${owner}; fwd=miss; stored, edge; fwd=miss`)
    expect(statusOf(usedAgain)).toMatch(new RegExp(`^${owner}; hit`))
    // The one that failed, the trial, and the hit: what the guest answered has cost its owner nothing.
    expect(callsTo([owner])).toEqual(Array(3).fill(`${owner}/get`))
    expect(callsTo(holders)).toHaveLength(3 + 1 + answers.length)
  })

  test('gets each purge and each set all the same', async () => {
    const { key, owner, path } = await failedOwner()

    const purged = await worker.get(path, { method: 'DELETE', headers: AUTHORIZED })
    const set = await worker.get(path, { method: 'PUT', body: '700', headers: AUTHORIZED })

    expect(await purged.json()).toMatchObject({ ok: true, nodes: 3, failed: [] })
    expect(set.status).toBe(204)
    expect(callsTo([owner])).toEqual([`${owner}/get`, `${owner}/purge`, `${owner}/set`])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('is named in the report of a purge that it breaks at, which is a 502', async () => {
    const { guest, owner, path } = freshKey()
    orders({ [owner]: 'throw', [guest]: 'be overloaded' })

    const response = await worker.get(path, {
      method: 'DELETE',
      headers: AUTHORIZED,
    })

    expect(response.status).toBe(502)
    expect(await response.json()).toEqual({
      ok: false,
      nodes: 1,
      entries: 0,
      failed: [guest, owner].sort(),
    })
  })

  test('makes a set 503, and leaves no value', async () => {
    const { owner, path } = freshKey()
    orders({ [owner]: 'throw' })

    const response = await worker.get(path, {
      method: 'PUT',
      body: '700',
      headers: AUTHORIZED,
    })

    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'overloaded' })
  })
})
