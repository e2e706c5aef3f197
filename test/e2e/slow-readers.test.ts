import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { digestOf, sendBig } from '../support/big-body.ts'
import { type HeapMeter, meterHeapOf } from '../support/heap-usage.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const MiB = 1024 * 1024
const LENGTH = 8_000_000

let origin: HttpOriginServer
let worker: WorkerServer
let heap: HeapMeter
const sockets: Socket[] = []

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = (request, response) => {
    const length = Number(new URL(request.url as string, origin.url).searchParams.get('length'))
    response.setHeader('Content-Length', length)
    sendBig(response, length)
  }
  const GROUPS = { cold: { origin: origin.url, hotTtl: '0s' } }
  worker = await startWorker({ vars: { ADMIN_TOKEN: 'token', GROUPS }, canBeInspected: true })
  heap = await meterHeapOf(worker)
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

afterAll(async () => {
  heap.close()
  await worker.close()
  await origin.close()
})

interface Reader {
  /** The first bytes of the answer; then nothing more is read. */
  readonly head: Promise<string>
  /** The length of the body, read to its end. */
  readonly rest: () => Promise<number>
}

/** Asks for a value, and reads no more than the head of the answer. */
function stalledReader(path: string, body?: string): Reader {
  const socket = connect(Number(worker.url.port), worker.url.hostname)
  socket.on('error', () => {})
  sockets.push(socket)
  const start = body === undefined ? `GET ${path}` : `POST ${path}`
  const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`
  socket.write(
    `${start} HTTP/1.1\r\nHost: ${worker.url.host}\r\n${length}Connection: close\r\n\r\n${body ?? ''}`,
  )
  let first: Buffer = Buffer.alloc(0)
  const head = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(''))
    socket.once('data', (data: Buffer) => {
      first = data
      socket.pause()
      resolve(String(data.subarray(0, 2_000)))
    })
  })
  const rest = async () => {
    await head
    let length = first.byteLength - first.indexOf('\r\n\r\n') - 4
    for await (const data of socket) length += (data as Buffer).byteLength
    return length
  }
  return { head, rest }
}

function statusOf(head: string): number {
  return Number(head.split(' ')[1])
}

/** The first collection finds the buffers that nothing holds, the second one has freed them. */
async function liveBytes(): Promise<number> {
  await heap.readLive()
  return heap.readLive()
}

async function grownBy(work: () => Promise<unknown>): Promise<number> {
  const before = residentBytes()
  await work()
  return residentBytes() - before
}

/** Clients are cut off after half a minute, and the machine may be busy beside. */
const PATIENT = { timeout: 180_000 }

test('forty clients that stop reading one value of 8 MB have no copies of it', async () => {
  const path = `/cache/cold/a?length=${LENGTH}`
  for (let i = 0; i < 3; i++) await digestOf(await worker.get(path))

  let readers: Reader[] = []
  const growth = await grownBy(async () => {
    readers = Array.from({ length: 40 }, () => stalledReader(path))
    await Promise.all(readers.map(({ head }) => head))
  })

  const statuses = await Promise.all(readers.map(async ({ head }) => statusOf(await head)))
  expect(statuses).toEqual(readers.map(() => 200))
  expect((await worker.get('/cache/cold/b?length=10')).status).toBe(200)
  expect(statusOf(await stalledReader(path).head)).toBe(200)
  expect(growth).toBeLessThan(64 * MiB)
  expect(origin.countOf(`/a?length=${LENGTH}`)).toBe(1)
})

test(
  'sixteen clients that stop reading values of 8 MB, each another one, are bounded too',
  PATIENT,
  async () => {
    let readers: Reader[] = []
    const growth = await grownBy(async () => {
      readers = Array.from({ length: 16 }, (_, i) =>
        stalledReader(`/cache/cold/each${i}?length=${LENGTH + i}`),
      )
      await Promise.all(readers.map(({ head }) => head))
    })

    const heads = await Promise.all(readers.map(({ head }) => head))
    const refused = heads.filter((head) => statusOf(head) === 503)
    expect(heads.filter((head) => statusOf(head) === 200).length).toBeGreaterThanOrEqual(4)
    expect(refused.length).toBeGreaterThan(0)
    for (const head of refused) {
      expect(head).toContain('Retry-After: 1')
      expect(head).toContain('"code":"overloaded"')
    }
    expect((await worker.get('/cache/cold/b?length=11')).status).toBe(200)
    // 64 MiB are the bound of all that is held, read and sent; the rest of the growth is garbage.
    expect(await liveBytes()).toBeLessThan(96 * MiB)
    expect(growth).toBeLessThan(192 * MiB)
  },
)

test('ten clients that stop reading a batch of 8 MB are bounded too', PATIENT, async () => {
  const body = JSON.stringify({ keys: [`a?length=${LENGTH}`] })
  const statuses: number[] = []
  for (let i = 0; i < 10; i++) {
    statuses.push(statusOf(await stalledReader('/cache/cold', body).head))
  }

  // Each has a body of 11 MB of its own.
  expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(2)
  expect(await liveBytes()).toBeLessThan(96 * MiB)
})

test('a client that pauses gets all of it, though the value is replaced and evicted meanwhile', async () => {
  const path = `/cache/cold/pause?length=${LENGTH}`
  const readers = Array.from({ length: 3 }, () => stalledReader(path))
  await Promise.all(readers.map(({ head }) => head))

  const purged = await worker.get('/cache/cold/pause?length=8000000', {
    method: 'DELETE',
    headers: { Authorization: 'Bearer token' },
  })
  await new Promise((resolve) => setTimeout(resolve, 1_000))

  expect(purged.status).toBe(200)
  const lengths = await Promise.all(readers.map(({ rest }) => rest()))
  expect(lengths).toEqual([LENGTH, LENGTH, LENGTH])
})

test('a client that takes nothing for half a minute is cut off', PATIENT, async () => {
  const { head, rest } = stalledReader(`/cache/cold/cut?length=${LENGTH}`)
  expect(statusOf(await head)).toBe(200)

  await new Promise((resolve) => setTimeout(resolve, 32_000))

  // What the sockets hold still comes.
  const length = await rest().catch(() => 0)
  expect(length).toBeLessThan(LENGTH)
})

/** Returns the sum over all workerd processes that this one has started. */
function residentBytes(): number {
  const pids = execFileSync('pgrep', ['-P', String(process.pid), 'workerd'], { encoding: 'utf8' })
  return pids
    .trim()
    .split('\n')
    .map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096)
    .reduce((sum, bytes) => sum + bytes, 0)
}
