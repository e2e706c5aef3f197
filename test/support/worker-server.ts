/** Owns a Worker as users run it: built by wrangler, in workerd, behind a real socket and in front of one. */

import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { convertV4MiniflareOptions, type Json, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as optionsFrom } from 'wrangler'
import { buildWorker } from './build-worker.ts'

export interface WorkerOptions {
  /** Variables and secrets on top of those of wrangler.toml. */
  readonly vars?: Vars
  /** From the top of the project; default: that of the Worker under test. */
  readonly configPath?: string
  /** The folder of the nodes' disks, which outlive the Worker there; without one they end with it. */
  readonly disks?: string
  /** Whether `runtime.getInspectorURL()` is to lead somewhere. */
  readonly canBeInspected?: boolean
  /** Bundles by `configPath`, for tests that start a Worker often: each is built once. */
  readonly builds?: Map<string, string>
  /** Told each line of the log, instead of the console. */
  readonly onLog?: (line: string) => void
}

export interface WorkerServer {
  readonly url: URL
  readonly runtime: Miniflare
  get(path: string, init?: RequestInit): Promise<Response>
  /** Sends a request line as it is written here, which no client library would. */
  raw(path: string, method?: string): Promise<RawResponse>
  close(): Promise<void>
}

export interface RawResponse {
  readonly status: number
  readonly head: string
  readonly body: string
}

type Vars = Readonly<Record<string, Json>>

const ROOT = join(import.meta.dirname, '../..')

/**
 * Starts workerd through miniflare, not through wrangler's test harness: that sends what the Worker
 * fetches through Node, which hides how an origin's connections break.
 */
export async function startWorker(options: WorkerOptions = {}): Promise<WorkerServer> {
  const { vars = {}, configPath = 'test/support/workers/wrangler.toml', disks, onLog } = options
  const { builds = new Map<string, string>() } = options
  const { workerOptions, main } = optionsFrom(join(ROOT, configPath))
  const entry = basename(main as string).replace(/\.ts$/, '.js')
  const contents = builds.get(configPath) ?? buildWorker(configPath, entry)
  builds.set(configPath, contents)
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      bindings: { ...(workerOptions.bindings as Vars), ...vars },
      modules: [{ type: 'ESModule', path: entry, contents }],
      cf: false,
      ...(disks === undefined ? {} : { resourcePersistencePath: disks }),
      ...(onLog ? { handleStructuredLogs: ({ message }) => onLog(message) } : {}),
      ...(options.canBeInspected ? { inspectorPort: 0 } : {}),
    }),
  )
  const url = await runtime.ready
  return {
    url,
    runtime,
    get: (path, init) => fetch(new URL(path, url), init),
    raw: (path, method = 'GET') => rawRequest(url, method, path),
    close: () => runtime.dispose(),
  }
}

async function rawRequest(url: URL, method: string, path: string): Promise<RawResponse> {
  const socket = connect(Number(url.port), url.hostname)
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`)
  const [head, ...body] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head?.split(' ')[1]), head: head ?? '', body: body.join('\r\n\r\n') }
}
