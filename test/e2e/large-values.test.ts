import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { digestOf, digestOfBig, sendBig } from '../support/big-body.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const MiB = 1024 * 1024

let origin: HttpOriginServer
let worker: WorkerServer
const logged: string[] = []

beforeAll(async () => {
  origin = await startHttpOrigin()
  const group = { origin: origin.url, maxBytes: '64MiB', maxHotBytes: 0 }
  const GROUPS = {
    // Bodies are read in turn, which takes a busy machine long.
    files: { ...group, timeout: '60s' },
    stored: { ...group, maxValueBytes: '30MiB' },
    impatient: { ...group, timeout: '1s' },
    narrow: { ...group, timeout: '3s', maxLoads: 1 },
  }
  worker = await startWorker({ vars: { GROUPS }, onLog: (line) => logged.push(line) })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

beforeEach(() => {
  origin.answer = (request, response) => {
    const [, length = '0', form] = (request.url as string).split('/')
    response.setHeader('Content-Type', 'application/x-big')
    response.setHeader('ETag', '"the origin\'s"')
    if (form?.startsWith('announced')) response.setHeader('Content-Length', length)
    sendBig(response, Number(length))
  }
})

describe('a value over 1 MiB', () => {
  test('comes whole, with its length and tag, from memory the second time', async () => {
    const path = `/cache/stored/${20 * MiB + 1}/announced`
    const first = await digestOf(await worker.get(path))
    const response = await worker.get(path)
    const second = await digestOf(response)

    expect(first).toEqual({ digest: digestOfBig(20 * MiB + 1), length: 20 * MiB + 1 })
    expect(second).toEqual(first)
    expect(response.headers.get('content-length')).toBe(String(20 * MiB + 1))
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/)
    expect(response.headers.get('cache-status')).toMatch(/^node-\d+; hit;/)
    expect(origin.countOf(`/${20 * MiB + 1}/announced`)).toBe(1)
  })

  test('comes in parts too', async () => {
    const path = `/cache/stored/${20 * MiB + 1}/announced`
    const whole = new Uint8Array(await (await worker.get(path)).arrayBuffer())

    const part = await worker.get(path, { headers: { Range: `bytes=${5 * MiB}-${8 * MiB}` } })

    expect(part.status).toBe(206)
    expect(part.headers.get('content-length')).toBe(String(3 * MiB + 1))
    const bytes = new Uint8Array(await part.arrayBuffer())
    expect(Buffer.compare(bytes, whole.subarray(5 * MiB, 8 * MiB + 1))).toBe(0)
  })
})

describe('a value that comes from its node as a stream', () => {
  test('answers HEAD, conditions and ranges as any other, with no load', async () => {
    const path = `/cache/stored/${3 * MiB}/announced?forms`
    const whole = await worker.get(path)
    const bytes = new Uint8Array(await whole.arrayBuffer())
    const etag = whole.headers.get('etag') as string
    const get = (headers: Record<string, string>, method = 'GET') =>
      worker.get(path, { method, headers })

    const head = await get({}, 'HEAD')
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(3 * MiB)])
    expect(head.headers.get('etag')).toBe(etag)
    expect((await get({ 'If-None-Match': etag })).status).toBe(304)
    expect((await get({ 'If-Match': '"another"' })).status).toBe(412)
    const beyond = await get({ Range: `bytes=${3 * MiB}-` })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([
      416,
      `bytes */${3 * MiB}`,
    ])
    for (const [range, first, end] of [
      ['bytes=-1000000', 3 * MiB - 1_000_000, 3 * MiB],
      ['bytes=1000000-', 1_000_000, 3 * MiB],
      ['bytes=7-9', 7, 10],
    ] as const) {
      const part = await get({ Range: range, 'If-Range': etag })
      expect(part.status).toBe(206)
      expect(part.headers.get('content-length')).toBe(String(end - first))
      expect(part.headers.get('content-range')).toBe(`bytes ${first}-${end - 1}/${3 * MiB}`)
      const sent = new Uint8Array(await part.arrayBuffer())
      expect(Buffer.compare(sent, bytes.subarray(first, end))).toBe(0)
    }
    const other = await get({ Range: 'bytes=7-9', 'If-Range': '"another"' })
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, 3 * MiB])
    expect(origin.countOf(`/${3 * MiB}/announced?forms`)).toBe(1)
  })
})

test('a batch has room for so many values; what has none says so, and is there when asked for again', async () => {
  const keys = Array.from({ length: 8 }, (_, i) => `${5 * MiB}/announced?batch=${i}`)
  const readMany = async (asked: readonly string[]) => {
    const body = JSON.stringify({ keys: asked })
    const response = await worker.get('/cache/stored', { method: 'POST', body })
    const { entries } = (await response.json()) as { entries: { key: string; status: number }[] }
    return entries
  }

  const together = await readMany(keys)
  const alone = []
  // One after the other: so many large answers at once would have no room in the isolate.
  for (const key of keys) alone.push(...(await readMany([key])))

  expect(together.map(({ status }) => status)).toEqual([200, ...keys.slice(1).map(() => 413)])
  expect(alone.map(({ status }) => status)).toEqual(keys.map(() => 200))
  for (const key of keys) expect(origin.countOf(`/${key}`)).toBe(1)
})

test('a key that is asked for many times in a batch takes room each time', async () => {
  const key = `${MiB}/announced?again`
  const body = JSON.stringify({ keys: Array(500).fill(key) })

  const response = await worker.get('/cache/stored', { method: 'POST', body })
  const { entries } = (await response.json()) as { entries: { status: number; code?: string }[] }

  expect(entries.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(4)
  expect(entries.at(-1)).toMatchObject({ status: 413, code: 'no-room' })
})

test('the client gets all of a batch, in as many requests as it takes', async () => {
  const keys = Array.from({ length: 5 }, (_, i) => `${5 * MiB}/announced?client=${i}`)
  const tooLarge = `${40 * MiB}/announced?client`
  const client = createClient({ baseUrl: worker.url.href })

  const results = await client.getMany('stored', [...keys, tooLarge])

  expect(
    results.map((result) => (result.kind === 'value' ? result.value.byteLength : result.kind)),
  ).toEqual([...Array(5).fill(5 * MiB), 'failed'])
})

describe('a value over what a call can carry', () => {
  test.each(['announced', 'chunked'])('is streamed to each caller, uncached (%s)', async (form) => {
    const length = 40 * MiB
    const response = await worker.get(`/cache/files/${length}/${form}`)
    const received = await digestOf(response)

    expect(response.status).toBe(200)
    expect(received).toEqual({ digest: digestOfBig(length), length })
    expect(response.headers.get('content-type')).toBe('application/x-big')
    expect(response.headers.get('cache-control')).toBe('public, no-cache')
    expect(response.headers.get('etag')).toBeNull()
    expect(response.headers.get('accept-ranges')).toBeNull()
    expect(response.headers.get('content-length')).toBe(
      form === 'announced' ? String(length) : null,
    )
    expect(response.headers.get('cache-status')).toBe('edge; fwd=miss; detail=too-large')
  })

  test('is one load for each caller once its size is known, whatever range is asked for', async () => {
    const path = `/${40 * MiB}/announced?once`
    await digestOf(await worker.get(`/cache/files${path}`))
    const before = origin.countOf(path)

    const response = await worker.get(`/cache/files${path}`, { headers: { Range: 'bytes=0-9' } })
    const head = await worker.get(`/cache/files${path}`, { method: 'HEAD' })

    expect(response.status).toBe(200)
    expect((await digestOf(response)).length).toBe(40 * MiB)
    expect(head.headers.get('content-length')).toBe(String(40 * MiB))
    expect(origin.countOf(path) - before).toBe(2)
  })

  test('of unknown length, asked for by many at once, takes turns to be found too large', async () => {
    await digestOf(await worker.get(`/cache/files/${40 * MiB}/chunked?warm-up`))
    const before = residentBytes()

    const ring = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`))
    const paths = Array.from({ length: 400 }, (_, i) => `${40 * MiB}/chunked?many=${i}`)
      .filter((key) => ring.pick(key) === 'node-3')
      .slice(0, 12)
      .map((key) => `/cache/files/${key}`)
    const responses = await Promise.all(paths.map((path) => worker.get(path, { method: 'HEAD' })))

    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    // Twelve bodies of 32 MiB would be 384 MiB.
    expect(paths).toHaveLength(12)
    expect(residentBytes() - before).toBeLessThan(256 * MiB)
  })

  test('is broken off too when the client takes nothing for as long as the timeout', async () => {
    const closed = Promise.withResolvers<void>()
    origin.answer = (request, response) => {
      request.socket.once('close', () => closed.resolve())
      response.setHeader('Content-Length', 1024 * MiB)
      sendBig(response, 1024 * MiB)
    }

    const response = await worker.get('/cache/impatient/never-read')

    expect(response.status).toBe(200)
    await closed.promise
    await response.body?.cancel().catch(() => {})
  })

  test('has no entity tag to match, and exists', async () => {
    const path = `/cache/files/${40 * MiB}/announced?conditions`

    expect((await worker.get(path, { headers: { 'If-Match': '"a"' } })).status).toBe(412)
    expect((await worker.get(path, { headers: { 'If-None-Match': '*' } })).status).toBe(304)
  })

  test('leaves the memory of the runtime flat', async () => {
    const path = `/cache/files/${48 * MiB}/announced?flat`
    await digestOf(await worker.get(path))
    const before = residentBytes()

    let peak = 0
    for (let i = 0; i < 2; i++) {
      const bodies = await Promise.all(
        Array.from({ length: 4 }, async () => digestOf(await worker.get(path))),
      )
      peak = Math.max(peak, residentBytes())
      for (const { length } of bodies) expect(length).toBe(48 * MiB)
    }

    // 384 MiB have gone through by now.
    expect(peak - before).toBeLessThan(128 * MiB)
  })

  test('that stalls midway is broken off after the timeout, not before', async () => {
    origin.answer = (_, response) => {
      response.setHeader('Content-Length', 40 * MiB)
      response.write(Buffer.alloc(MiB))
    }

    const response = await worker.get('/cache/impatient/stall')

    expect(response.status).toBe(200)
    await expect(digestOf(response)).rejects.toThrow()
  })

  test('that trickles is broken off too, though something comes all the time', async () => {
    let trickle: NodeJS.Timeout | undefined
    origin.answer = (request, response) => {
      response.setHeader('Content-Length', 40 * MiB)
      trickle = setInterval(() => response.write('x'), 50)
      request.socket.once('close', () => clearInterval(trickle))
    }

    const response = await worker.get('/cache/impatient/trickle')

    expect(response.status).toBe(200)
    await expect(digestOf(response)).rejects.toThrow()
    // Its own line, of which a minute has ten at most, and none of the runtime's.
    await expect.poll(() => logged.some((line) => line.includes('stream cut off'))).toBe(true)
    expect(logged.filter((line) => line.includes('Uncaught'))).toEqual([])
  })

  test('is a load: a group that allows one at a time has one in this isolate', async () => {
    let open = 0
    let most = 0
    origin.answer = (request, response) => {
      most = Math.max(most, ++open)
      request.socket.once('close', () => open--)
      response.writeHead(200, { 'Content-Length': 40 * MiB })
      response.write(Buffer.alloc(1_000))
      setTimeout(() => response.destroy(), 1_500)
    }
    const get = async (i: number) => {
      const response = await worker.get(`/cache/narrow/h${i}`)
      const isCut = await response.text().then(
        () => false,
        () => true,
      )
      return { status: response.status, retryAfter: response.headers.get('retry-after'), isCut }
    }

    const ring = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`))
    const ofOneNode = Array.from({ length: 400 }, (_, i) => i)
      .filter((i) => ring.pick(`h${i}`) === 'node-3')
      .slice(0, 12)

    const answers = await Promise.all(ofOneNode.map(get))

    const passed = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status === 503)
    expect(passed.length + refused.length).toBe(12)
    expect(passed).toHaveLength(1)
    expect(refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true)
    // Their node has one at a time as well, which it ends as soon as it knows how large the value is.
    expect(most).toBeLessThanOrEqual(4)
    // The place is free again.
    expect((await get(0)).status).toBe(200)
  })

  test('that does not exist any more is 404, and one whose origin is down is 502', async () => {
    await digestOf(await worker.get(`/cache/files/${40 * MiB}/announced?gone`))
    origin.answer = (_, response) => response.writeHead(404).end()
    const gone = await worker.get(`/cache/files/${40 * MiB}/announced?gone`)
    origin.answer = (_, response) => response.writeHead(500).end('secret')
    const down = await worker.get(`/cache/files/${40 * MiB}/announced?gone`)

    expect(gone.status).toBe(404)
    expect(await gone.json()).toMatchObject({ code: 'not-found' })
    expect(down.status).toBe(502)
    expect(await down.text()).not.toContain('secret')
  })
})

/** Returns the sum over all workerd processes that this one has started. */
function residentBytes(): number {
  const pids = execFileSync('pgrep', ['-P', String(process.pid), 'workerd'], { encoding: 'utf8' })
  const lines = pids
    .trim()
    .split('\n')
    .map((pid) => readFileSync(`/proc/${pid}/statm`, 'utf8'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ')[1]) * 4096, 0)
}
