/** What outlives the runtime itself: it is ended, and another one is started on the same disks. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

let origin: HttpOriginServer
let worker: WorkerServer
let disks: string
/** A path of its own for each test. */
let path: string
let tests = 0

async function start(nodes = 4, pages: object = { durable: true }) {
  const GROUPS = { pages: { origin: origin.url, hotTtl: '0s', ttl: '1h', ...pages } }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN, NODES: nodes }, disks })
}

async function restart(nodes?: number, pages?: object) {
  await worker.close()
  await start(nodes, pages)
}

async function get() {
  const response = await worker.get(`/cache/pages${path}`)
  return { status: response.headers.get('cache-status'), body: await response.text() }
}

async function stats() {
  const response = await worker.get('/admin/stats', { headers: AUTHORIZED })
  return ((await response.json()) as StatsReport).sum.pages
}

/** Entries are written behind their replies. */
async function isWritten(items = 1) {
  // The report is cached for a moment.
  await expect.poll(async () => (await stats())?.durableItems, { timeout: 10_000 }).toBe(items)
}

async function purge(purged: object) {
  const body = JSON.stringify({ group: 'pages', ...purged })
  const response = await worker.get('/admin/purge', { method: 'POST', body, headers: AUTHORIZED })
  return response.json()
}

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = (request, response) => {
    response.setHeader('Cache-Tag', 'pages')
    response.setHeader('ETag', `"${request.url}"`)
    if (request.headers['if-none-match'] !== undefined) response.statusCode = 304
    response.end(request.url === '/large' ? Buffer.alloc(5_000_000, 'ab') : `of ${request.url}`)
  }
})

beforeEach(async () => {
  disks = mkdtempSync(join(tmpdir(), 'disks-'))
  path = `/page-${tests++}`
  await start()
  return async () => {
    await worker.close()
    rmSync(disks, { recursive: true })
  }
})

afterAll(async () => {
  await origin?.close()
})

describe('a durable group', () => {
  test('answers after the runtime has ended what it had written, and asks no origin', async () => {
    expect(await get()).toMatchObject({ body: `of ${path}` })
    await isWritten()

    await restart()
    const { body, status } = await get()

    expect(body).toBe(`of ${path}`)
    expect(status).toMatch(/^node-\d+; hit; ttl=3[3-6]\d\d, edge; fwd=miss$/)
    expect(origin.countOf(path)).toBe(1)
    expect(await stats()).toMatchObject({ hits: 1, durableHits: 1, loads: 0, durableItems: 1 })
    const metrics = await (await worker.get('/metrics', { headers: AUTHORIZED })).text()
    const sum = (start: RegExp) => {
      const lines = metrics.split('\n').filter((line) => start.test(line))
      return lines.reduce((total, line) => total + Number(line.split(' ')[1]), 0)
    }
    expect(sum(/^groupcache_hits_total{.*"pages".*"durable"/)).toBe(1)
    expect(sum(/^groupcache_hits_total{.*"pages".*"main"/)).toBe(0)
    expect(sum(/^groupcache_items{.*"pages".*"durable"/)).toBe(1)
    expect(sum(/^groupcache_bytes{.*"pages".*"durable"/)).toBeGreaterThan(1024)
    expect(sum(/^groupcache_durable_errors_total{.*"pages"/)).toBe(0)
  })

  test('answers a value of several chunks, byte by byte', async () => {
    path = '/large'
    const { body } = await get()
    await isWritten()

    await restart()

    expect((await get()).body === body).toBe(true)
    expect(body).toHaveLength(5_000_000)
    expect(origin.countOf(path)).toBe(1)
  })

  test.each([
    ['its key', () => ({ keys: [path.slice(1)] })],
    ['its tag', () => ({ tags: ['pages'] })],
    ['everything', () => ({ all: true })],
  ])('loads once more what was purged by %s before the runtime ended', async (_, purged) => {
    await get()
    await isWritten()

    expect(await purge(purged())).toMatchObject({ ok: true, entries: 1 })
    await restart()

    expect(await get()).toMatchObject({ body: `of ${path}` })
    expect(origin.countOf(path)).toBe(2)
  })

  test('answers after the runtime has ended what was set, though it was loaded before', async () => {
    await get()
    await isWritten()
    const put = { method: 'PUT', body: 'set', headers: AUTHORIZED }
    expect((await worker.get(`/cache/pages${path}`, put)).status).toBe(204)
    await isWritten()

    await restart()

    expect(await get()).toMatchObject({ body: 'set' })
    expect(origin.countOf(path)).toBe(1)
  })

  test('keeps nothing that its nodes do not own any more, should they own it again', async () => {
    const paths = Array.from({ length: 12 }, (_, i) => `/ring-${tests}-${i}`)
    const getAll = async () => {
      for (path of paths) await get()
    }
    const ring = new Ring(['node-0', 'node-1', 'node-2', 'node-3'])
    const moved = paths.filter((moving) => ring.pick(moving.slice(1)) === 'node-3')
    await restart(3)
    await getAll()
    await isWritten(12)

    await restart(4)
    // Each node has to have been awake on that ring.
    await isWritten(12 - moved.length)
    await restart(3)
    await getAll()

    expect(moved.length).toBeGreaterThan(0)
    expect(paths.filter((loaded) => origin.countOf(loaded) === 2)).toEqual(moved)
    expect(paths.filter((loaded) => origin.countOf(loaded) > 2)).toEqual([])
  })

  test('that is one no more leaves nothing behind', async () => {
    await get()
    await isWritten()
    await restart(4, {})
    await stats()

    await restart()

    expect((await stats())?.durableItems).toBe(0)
    await get()
    expect(origin.countOf(path)).toBe(2)
  })
})
