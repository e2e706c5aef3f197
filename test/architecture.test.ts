import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** What each part of `src/`, and `dashboard/`, may import; `type:` allows types only, which leave no trace at run time. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  loaders: ['core', 'log.ts'],
  config: ['core', 'type:loaders'],
  'log.ts': [],
  'isolate-memory.ts': ['core'],
  'tracing.ts': ['type:core'],
  'workers-platform.ts': ['core', 'isolate-memory.ts', 'log.ts'],
  'compose.ts': ['core', 'config', 'loaders', 'tracing.ts'],
  edge: [
    'core',
    'config',
    'loaders',
    'compose.ts',
    'log.ts',
    'tracing.ts',
    'workers-platform.ts',
    'peers',
    // What both the server and the browser render.
    'dashboard',
  ],
  peers: ['core'],
  node: ['core', 'config', 'compose.ts', 'tracing.ts', 'workers-platform.ts', 'peers'],
  'groups.ts': ['core', 'type:config', 'type:loaders', 'groups'],
  // Yours, should groups.ts grow too large for one file.
  groups: ['core', 'type:config', 'type:loaders'],
  client: ['type:core'],
  dashboard: ['core', 'client'],
  'library.ts': ['core', 'edge', 'node', 'type:config'],
  'index.ts': ['library.ts', 'groups.ts'],
}

/** Packages each part may use; the parts that are not named use none, but your groups any. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  config: ['valibot'],
  dashboard: ['hono/jsx', 'hono/jsx/dom', 'hono/jsx/dom/client', 'uplot'],
  edge: ['hono/tiny', 'structured-headers', 'valibot', 'cloudflare:workers'],
  node: ['cloudflare:workers'],
  'workers-platform.ts': ['cloudflare:workers'],
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

function partOf(file: string): string {
  return file.split('/')[0] as string
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
