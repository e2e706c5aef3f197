/** Owns `workerd serve` with built Workers: the runtime alone, with nothing in front of it. */

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { buildWorker } from '../../test/support/build-worker.ts'

export interface Service {
  readonly name: string
  /** The folder in `bench/workers`. */
  readonly worker: string
  /** Variables on top of `VARS`, as JSON. */
  readonly vars?: Readonly<Record<string, unknown>>
  /** The Durable Object class, and what it is bound as. */
  readonly objects?: { readonly binding: string; readonly className: string }
  /** Entrypoints, beside the default one, that get a socket of their own. */
  readonly entrypoints?: readonly string[]
}

export interface Workerd {
  readonly pid: number
  /** By the name of the service, or `<service>/<entrypoint>`. */
  port(name: string): number
  close(): Promise<void>
}

const ROOT = join(import.meta.dirname, '../..')
const WORKERD = join(ROOT, 'node_modules/.bin/workerd')
const COMPATIBILITY_DATE = '2026-10-01'

/** A debugger can be attached at the port that the environment variable `INSPECTOR` names, if it does. */
export async function serve(services: readonly Service[]): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  mkdirSync(join(folder, 'disk'))
  for (const worker of new Set(services.map((service) => service.worker))) {
    writeFileSync(
      join(folder, `${worker}.js`),
      buildWorker(`bench/workers/${worker}/wrangler.toml`, 'main.js'),
    )
  }
  writeFileSync(join(folder, 'config.capnp'), configOf(services, join(folder, 'disk')))
  const { INSPECTOR } = process.env
  const inspector = INSPECTOR === undefined ? [] : [`--inspector-addr=127.0.0.1:${INSPECTOR}`]
  const child = spawn(WORKERD, ['serve', '--control-fd=3', ...inspector, 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const closed = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ports = await Promise.race([
    readPorts(child.stdio[3] as Readable, socketsOf(services).length),
    closed.then(() => {
      throw new Error('workerd has ended.')
    }),
  ])
  return {
    pid: child.pid as number,
    port(name) {
      const port = ports.get(name)
      if (port === undefined) throw new Error(`No socket is called ${name}.`)
      return port
    },
    async close() {
      child.kill()
      await closed
      rmSync(folder, { recursive: true })
    },
  }
}

/** Reads what workerd says of its sockets, until it has said it of all. */
async function readPorts(control: Readable, count: number): Promise<Map<string, number>> {
  const ports = new Map<string, number>()
  for await (const line of createInterface(control)) {
    const { event, socket, port } = JSON.parse(line)
    if (event === 'listen') ports.set(socket, port)
    if (ports.size === count) break
  }
  return ports
}

function socketsOf(services: readonly Service[]): { name: string; service: string }[] {
  return services.flatMap(({ name, entrypoints = [] }) => [
    { name, service: `"${name}"` },
    ...entrypoints.map((entrypoint) => ({
      name: `${name}/${entrypoint}`,
      service: `(name = "${name}", entrypoint = "${entrypoint}")`,
    })),
  ])
}

/** As https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp describes it. */
function configOf(services: readonly Service[], disk: string): string {
  const sockets = socketsOf(services).map(
    ({ name, service }) =>
      `(name = "${name}", address = "127.0.0.1:0", http = (), service = ${service})`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "disk", disk = (path = ${text(disk)}, writable = true)),
    ${services.map(serviceOf).join(',\n    ')}
  ],
  sockets = [
    ${sockets.join(',\n    ')}
  ]
);
`
}

function serviceOf({ name, worker, vars = {}, objects }: Service): string {
  const bindings = Object.entries(vars).map(
    ([variable, value]) => `(name = "${variable}", json = ${text(JSON.stringify(value))})`,
  )
  if (objects !== undefined) {
    const { binding, className } = objects
    bindings.push(`(name = "${binding}", durableObjectNamespace = (className = "${className}"))`)
  }
  const nodes =
    objects === undefined
      ? ''
      : `durableObjectNamespaces = [
        (className = "${objects.className}", uniqueKey = "${name}", enableSql = true)
      ],
      durableObjectStorage = (localDisk = "disk"),`
  return `(name = "${name}", worker = (
      modules = [(name = "main.js", esModule = embed "${worker}.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      ${nodes}
      bindings = [${bindings.join(', ')}]
    ))`
}

/** Cap'n Proto's strings have the escapes of C, and so do those of JSON, as long as they are ASCII. */
function text(value: string): string {
  return JSON.stringify(value)
}
