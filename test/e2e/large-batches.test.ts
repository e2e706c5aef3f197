import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { sendBig } from '../support/big-body.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const NODES = 4
const LARGE = 5_000_000

let origin: HttpOriginServer
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  const GROUPS = { files: { origin: origin.url, hotTtl: '0s' } }
  worker = await startWorker({ vars: { NODES, GROUPS } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

beforeEach(() => {
  origin.answer = (request, response) => {
    const [, length, form] = (request.url as string).split('/')
    const life = form === 'unstored' ? 'no-store' : 'max-age=60'
    response.setHeader('Cache-Control', life)
    // Without a length that is announced, a value is found to be too large only once it has been read.
    if (form !== 'chunked') response.setHeader('Content-Length', length as string)
    sendBig(response, Number(length))
  }
})

async function readMany(keys: readonly string[]): Promise<string[]> {
  const response = await worker.get('/cache/files', {
    method: 'POST',
    body: JSON.stringify({ keys }),
  })
  const { entries } = (await response.json()) as { entries: { status: number; code?: string }[] }
  return entries.map(({ status, code }) => code ?? `${status}`)
}

/** How often each of the keys has been asked for that has been. */
function loadsOf(keys: readonly string[]): number[] {
  return keys.map((key) => origin.countOf(`/${key}`)).filter((count) => count > 0)
}

test.each([
  [10, 'stored'],
  [100, 'stored'],
  [100, 'unstored'],
])('%d keys of 5 MB, %s, are loaded once at most, and few of them', async (count, form) => {
  const keys = Array.from({ length: count }, (_, i) => `${LARGE}/${form}/${count}-${i}`)

  const codes = await readMany(keys)

  expect(codes).toEqual(['200', ...Array(count - 1).fill('no-room')])
  expect(loadsOf(keys)).toEqual(Array(NODES + 1).fill(1))
})

test('a batch of large values leaves other values of the group in memory', async () => {
  const small = Array.from({ length: 40 }, (_, i) => `100/stored/small-${i}`)
  const large = Array.from({ length: 100 }, (_, i) => `${LARGE}/stored/beside-${i}`)
  await readMany(small)

  await readMany(large)
  await readMany(small)

  expect(loadsOf(small)).toEqual(Array(40).fill(1))
})

test('the client gets all of many large values, each loaded once', async () => {
  const keys = Array.from({ length: 6 }, (_, i) => `${LARGE}/stored/all-${i}`)
  const client = createClient({ baseUrl: worker.url.href })

  const results = await client.getMany('files', keys)

  expect(results.map(({ kind }) => kind)).toEqual(keys.map(() => 'value'))
  expect(loadsOf(keys)).toEqual(keys.map(() => 1))
})

test('a value that no batch has room for says so, and small ones beside it are answered', async () => {
  const keys = ['9000000/stored/huge', '10/stored/a', '10/stored/b']

  expect(await readMany(keys)).toEqual(['value-too-large', '200', '200'])
})

test('values that turn out too large while they are read stop a batch', async () => {
  const keys = Array.from({ length: 60 }, (_, i) => `42000000/chunked/${i}`)

  const codes = await readMany(keys)

  expect(new Set(codes)).toEqual(new Set(['value-too-large', 'no-room']))
  const loads = loadsOf(keys)
  expect(Math.max(...loads)).toBe(1)
  // Two in each node: the second begins before the first has said how much it reads.
  expect(loads.length).toBeLessThanOrEqual(2 * NODES)
})
