import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** The floors of `core/`, the ground first. A room imports from lower floors, and from nothing else. */
const FLOORS: readonly (readonly string[])[] = [
  ['core'],
  ['core/entry', 'core/ring', 'core/eviction', 'core/memory'],
  ['core/stats'],
  ['core/load', 'core/durable'],
  ['core/cache', 'core/peers'],
  ['core/group'],
]
const ROOMS = FLOORS.flat()

/** What each part of `src/`, and `dashboard/`, may import; `type:` allows types only, which leave no trace at run time. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    FLOORS.flatMap((rooms, floor) => rooms.map((room) => [room, FLOORS.slice(0, floor).flat()])),
  ),
  http: ['core'],
  platform: ROOMS,
  loaders: [...ROOMS, 'http', 'platform'],
  config: [...ROOMS, 'type:loaders'],
  'create-group.ts': [...ROOMS, 'config', 'loaders', 'platform'],
  edge: [
    ...ROOMS,
    'config',
    'http',
    'loaders',
    'create-group.ts',
    'platform',
    'peers',
    // What both the server and the browser render.
    'dashboard',
  ],
  peers: [...ROOMS, 'type:platform'],
  node: [...ROOMS, 'config', 'create-group.ts', 'platform', 'peers'],
  'groups.ts': ['core', 'type:config', 'type:loaders', 'groups'],
  // Yours, should groups.ts grow too large for one file.
  groups: ['core', 'type:config', 'type:loaders'],
  client: ROOMS.map((room) => `type:${room}`),
  dashboard: [...ROOMS, 'client'],
  'library.ts': [...ROOMS, 'edge', 'node', 'type:config'],
  'index.ts': ['library.ts', 'groups.ts'],
}

/** Packages each part may use; the parts that are not named use none, but your groups any. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  config: ['valibot'],
  dashboard: ['hono/jsx', 'hono/jsx/dom', 'hono/jsx/dom/client', 'uplot'],
  edge: ['hono/tiny', 'structured-headers', 'valibot', 'cloudflare:workers'],
  node: ['cloudflare:workers'],
  platform: ['cloudflare:workers'],
}

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

/** Files of `src/` are named without it; those of `dashboard/` keep their folder. */
const files = ['src', 'dashboard']
  .flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' }).map((file) =>
      nameOf(`${top}/${file}`),
    ),
  )
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
const imports = files.flatMap(importsOf)

function nameOf(path: string): string {
  return path.replace(/^src\//, '')
}

function importsOf(file: string): Import[] {
  const path = file.startsWith('dashboard/') ? file : `src/${file}`
  const code = readFileSync(join(ROOT, path), 'utf8')
  const statements = code.matchAll(/^(import|export)( type)?\s[^'"]*?from '([^']+)'/gm)
  return Array.from(statements, ([, , type, to]) => ({
    from: file,
    to: to?.startsWith('.') ? nameOf(join(dirname(path), to)) : (to as string),
    typeOnly: type !== undefined,
  }))
}

/** A room of `core/`, or the first part of the path. */
function partOf(file: string): string {
  const [top, room, inRoom] = file.split('/') as [string, string?, string?]
  return top === 'core' && inRoom !== undefined ? `core/${room}` : top
}

describe('imports point one way', () => {
  test('the parts are the ones that the rules name', () => {
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...new Set(files.map(partOf))]))
    expect(imports.length).toBeGreaterThan(files.length)
  })

  test.each(Object.keys(MAY_IMPORT))('%s imports only what it may', (part) => {
    const allowed = [part, ...(MAY_IMPORT[part] ?? [])]
    const offences = imports.filter(({ from, to, typeOnly }) => {
      if (partOf(from) !== part) return false
      if (!files.includes(to))
        return !part.startsWith('groups') && !(MAY_USE[part] ?? []).includes(to)
      const target = partOf(to)
      return !allowed.includes(target) && !(typeOnly && allowed.includes(`type:${target}`))
    })

    expect(offences).toEqual([])
  })

  test('no file reaches itself through what it imports', () => {
    const targets = Map.groupBy(imports, ({ from }) => from)
    const reachable = (file: string, seen = new Set<string>()): Set<string> => {
      for (const { to } of targets.get(file) ?? []) {
        if (seen.has(to)) continue
        seen.add(to)
        reachable(to, seen)
      }
      return seen
    }

    expect(files.filter((file) => reachable(file).has(file))).toEqual([])
  })
})
