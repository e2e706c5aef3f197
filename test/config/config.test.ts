import { describe, expect, test } from 'vitest'
import { type GroupDefinitions, readConfig, type Settings } from '../../src/config/config.ts'
import { ConfigError } from '../../src/core/errors.ts'

const load = () => 'x'

function configError(settings: Settings, definitions: unknown = {}): ConfigError {
  try {
    readConfig(settings, definitions as GroupDefinitions)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('The configuration was accepted.')
}

describe('NODES', () => {
  test('is 16 by default', () => {
    expect(readConfig({}, {})).toMatchObject({ nodes: 16, nodesBefore: undefined, regions: [] })
  })

  test.each([1, '1', 512, '512'])('may be %j, before a change too', (value) => {
    const config = readConfig({ NODES: value, NODES_BEFORE: value }, {})

    expect(config).toMatchObject({ nodes: Number(value), nodesBefore: Number(value) })
  })

  test.each([0, '0', 513, -1, 1.5, '', 'many', '1e2', '0016', ' 4', null, Number.NaN, [4], true])(
    'must not be %j',
    (value) => {
      const error = configError({ NODES: value })

      expect(error.field).toBe('NODES')
      expect(error.message).toContain('a whole number from 1 to 512')
    },
  )

  test.each([0, '', 'many', 513])('before a change must not be %j', (value) => {
    expect(configError({ NODES_BEFORE: value }).field).toBe('NODES_BEFORE')
  })
})

describe('REGIONS', () => {
  test('are location hints, home first', () => {
    expect(readConfig({ REGIONS: 'weur' }, {}).regions).toEqual(['weur'])
    expect(readConfig({ REGIONS: 'weur, wnam,apac-ne' }, {}).regions).toEqual([
      'weur',
      'wnam',
      'apac-ne',
    ])
  })

  test.each(['', ',', 'weur,', 'weur,weur', 'mars', 'weur;wnam', 5, ['weur']])(
    'must not be %j',
    (value) => {
      const error = configError({ REGIONS: value })

      expect(error.field).toBe('REGIONS')
      expect(error.message).toContain('wnam, enam, sam')
    },
  )
})

describe('MAX_ISOLATE_BYTES', () => {
  test('is 64 MiB by default', () => {
    expect(readConfig({}, {}).maxIsolateBytes).toBe(64 * 1024 * 1024)
  })

  test.each([
    ['1MiB', 1024 * 1024],
    ['100MiB', 100 * 1024 * 1024],
    [50_000_000, 50_000_000],
    ['50000000', 50_000_000],
  ])('takes %j', (value, bytes) => {
    expect(readConfig({ MAX_ISOLATE_BYTES: value }, {}).maxIsolateBytes).toBe(bytes)
  })

  test.each([
    '',
    '64',
    'much',
    '64 MiB',
    '1023KiB',
    '101MiB',
    1024 * 1024 - 1,
    -1,
    1.5,
    null,
    {},
    true,
  ])('refuses %j, and says what is allowed', (value) => {
    const error = configError({ MAX_ISOLATE_BYTES: value })

    expect(error.field).toBe('MAX_ISOLATE_BYTES')
    expect(error.allowed).toBe('a size from "1MiB" to "100MiB", or a number of bytes')
  })
})

describe('ADMIN_TOKEN', () => {
  test('is unset by default, and otherwise what a client can send', () => {
    expect(readConfig({}, {}).adminToken).toBeUndefined()
    expect(readConfig({ ADMIN_TOKEN: 'abc' }, {}).adminToken).toBe('abc')
  })

  test.each(['', 'a b', 'hunter2\n', 'ключ', 5])(
    'must not be %j, which no error shows',
    (value) => {
      const error = configError({ ADMIN_TOKEN: value })

      expect(error.field).toBe('ADMIN_TOKEN')
      expect(error.message).not.toContain('hunter2')
    },
  )
})

describe('a group', () => {
  test('has the documented defaults', () => {
    const group = readConfig({}, { scores: { load } }).groups.get('scores')

    expect(group).toEqual({
      name: 'scores',
      source: { kind: 'load', keyForm: 'text', load },
      options: {
        ttlMs: 60_000,
        staleWhileRevalidateMs: 0,
        staleIfErrorMs: 0,
        negativeTtlMs: 0,
        timeoutMs: 10_000,
        softTimeoutMs: Number.POSITIVE_INFINITY,
        hotTtlMs: 1_000,
        expiryJitter: 0.05,
        maxValueBytes: 8 * 1024 * 1024,
      },
      maxBytes: 16 * 1024 * 1024,
      eviction: 'lru',
      maxHotBytes: 4 * 1024 * 1024,
      clientTtlMs: 0,
      access: 'public',
      maxLoads: 128,
      durable: false,
      traceKeys: false,
    })
  })

  test('takes the same options in code and in GROUPS', () => {
    const options = {
      origin: 'https://origin.example/v1',
      ttl: '5m',
      staleWhileRevalidate: '1m',
      staleIfError: '1h',
      negativeTtl: '10s',
      softTimeout: '50ms',
      maxLoads: 4,
      timeout: '250ms',
      hotTtl: '0s',
      expiryJitter: 0,
      maxBytes: '1MiB',
      maxValueBytes: '512KiB',
      maxHotBytes: 0,
      clientTtl: '1h',
      headers: { Accept: 'text/html' },
      eviction: 's3-fifo',
      durable: true,
      access: 'private',
    } as const

    const inCode = readConfig({}, { pages: options }).groups.get('pages')
    const inVars = readConfig({ GROUPS: { pages: options } }, {}).groups.get('pages')

    expect(inVars).toEqual(inCode)
    expect(inCode).toMatchObject({
      source: { kind: 'origin', keyForm: 'path', headers: { Accept: 'text/html' } },
      options: {
        ttlMs: 300_000,
        staleWhileRevalidateMs: 60_000,
        staleIfErrorMs: 3_600_000,
        negativeTtlMs: 10_000,
        timeoutMs: 250,
        softTimeoutMs: 50,
        hotTtlMs: 0,
        maxValueBytes: 524_288,
      },
      maxLoads: 4,
      durable: true,
      access: 'private',
      maxBytes: 1_048_576,
      eviction: 's3-fifo',
      clientTtlMs: 3_600_000,
    })
  })

  test('keeps values up to maxBytes where that is below the default maxValueBytes', () => {
    const group = readConfig({}, { scores: { load, maxBytes: '1MiB' } }).groups.get('scores')

    expect(group?.options.maxValueBytes).toBe(1_048_576)
  })

  test.each([
    ['https://origin.example', 'https://origin.example/'],
    ['https://origin.example/v1', 'https://origin.example/v1/'],
    ['http://origin.example:8080/v1/', 'http://origin.example:8080/v1/'],
  ])('has keys below its origin %s', (origin, href) => {
    const source = readConfig({ GROUPS: { pages: { origin } } }, {}).groups.get('pages')?.source

    expect(source?.kind === 'origin' && source.baseUrl.href).toBe(href)
  })

  test('may take a header of its origin from a secret, which no error shows', () => {
    const GROUPS = {
      pages: { origin: 'https://o.example', headers: { Authorization: '$API_KEY' } },
    }

    const source = readConfig({ GROUPS, API_KEY: 'Bearer abc' }, {}).groups.get('pages')?.source
    expect(source).toMatchObject({ headers: { Authorization: 'Bearer abc' } })

    const bad = configError({ GROUPS, API_KEY: 'hunter2\n' })
    expect(bad.field).toBe('GROUPS.pages.headers.Authorization')
    expect(bad.message).toContain('API_KEY')
    expect(bad.message).not.toContain('hunter2')
    expect(configError({ GROUPS }).message).toContain('API_KEY')
  })

  test.each<[string, unknown, string]>([
    ['neither source', {}, 'groups.g.load'],
    ['both sources', { load, origin: 'https://o.example' }, 'groups.g.origin'],
    ['no table', 'https://o.example', 'groups.g'],
    ['null', null, 'groups.g'],
    ['an unknown option', { load, tll: '5s' }, 'groups.g.tll'],
    ['a duration without unit', { load, ttl: '5' }, 'groups.g.ttl'],
    ['a negative duration', { load, ttl: -1 }, 'groups.g.ttl'],
    ['a null duration', { load, ttl: null }, 'groups.g.ttl'],
    ['a timeout of zero', { load, timeout: 0 }, 'groups.g.timeout'],
    ['a softTimeout of zero', { load, softTimeout: '0s' }, 'groups.g.softTimeout'],
    ['no loads at all', { load, maxLoads: 0 }, 'groups.g.maxLoads'],
    ['half a load', { load, maxLoads: 1.5 }, 'groups.g.maxLoads'],
    ['loads in words', { load, maxLoads: '128' }, 'groups.g.maxLoads'],
    ['a timeout of days', { load, timeout: '30d' }, 'groups.g.timeout'],
    ['a size without unit', { load, maxBytes: '16' }, 'groups.g.maxBytes'],
    [
      'a value above 30 MiB',
      { load, maxBytes: '64MiB', maxValueBytes: '31MiB' },
      'groups.g.maxValueBytes',
    ],
    [
      'a value above maxBytes',
      { load, maxBytes: '1MiB', maxValueBytes: '2MiB' },
      'groups.g.maxValueBytes',
    ],
    ['jitter above a half', { load, expiryJitter: 0.6 }, 'groups.g.expiryJitter'],
    ['jitter that is no number', { load, expiryJitter: '0.1' }, 'groups.g.expiryJitter'],
    ['headers without origin', { load, headers: {} }, 'groups.g.headers'],
    ['a load that is no function', { load: 'x' }, 'groups.g.load'],
    ['an origin that is no URL', { origin: 'origin.example' }, 'groups.g.origin'],
    ['another scheme', { origin: 'ftp://o.example' }, 'groups.g.origin'],
    ['credentials in the origin', { origin: 'https://u:p@o.example' }, 'groups.g.origin'],
    ['a query in the origin', { origin: 'https://o.example/?a' }, 'groups.g.origin'],
    ['a fragment in the origin', { origin: 'https://o.example/#' }, 'groups.g.origin'],
    [
      'a bad header name',
      { origin: 'https://o.example', headers: { 'a b': 'x' } },
      'groups.g.headers.a…',
    ],
    [
      'a bad header value',
      { origin: 'https://o.example', headers: { a: 'x\n' } },
      'groups.g.headers.a',
    ],
    [
      'a header that is no text',
      { origin: 'https://o.example', headers: { a: 1 } },
      'groups.g.headers.a',
    ],
    ['an eviction that does not exist', { load, eviction: 'fifo' }, 'groups.g.eviction'],
    ['durable by a word', { load, durable: 'yes' }, 'groups.g.durable'],
    ['access for nobody', { load, access: 'none' }, 'groups.g.access'],
  ])('with %s is refused, and the field named', (_, definition, field) => {
    expect(configError({}, { g: definition }).field).toBe(field)
  })

  test.each<[unknown, string]>([
    [{ load, tll: '5s' }, 'groups.g.tll is "5s"; allowed: only the options access, clientTtl,'],
    [{ load, timeout: '2h' }, 'groups.g.timeout is "2h"; allowed: a duration from "1ms" to "1h"'],
    [{}, 'groups.g.load is not set; allowed: exactly one of "load" and "origin"'],
    ['https://o.example', 'groups.g is a text of 17 characters; allowed: a table'],
    [
      { origin: 'https://u:hunter2@o.example' },
      'groups.g.origin is a URL with credentials; allowed: an http',
    ],
    [
      { origin: 'https://o.example', headers: { Authorization: 'Bearer $TOKEN' } },
      'groups.g.headers.Authorization is a text of 13 characters; allowed: printable characters, or "$NAME" alone',
    ],
  ])('%j is refused in words that help', (definition, message) => {
    expect(configError({}, { g: definition }).message).toContain(message)
  })

  test.each(['', 'a b', 'a/b', 'ключ', 'x'.repeat(65), '../x'])('must not be named %j', (name) => {
    expect(configError({}, { [name]: { load } }).message).toContain('a group name')
  })

  test('must not be in code and in GROUPS at once, and no error shows its options', () => {
    const table = { origin: 'https://o.example', headers: { Authorization: 'hunter2' } }
    const error = configError({ GROUPS: { g: table } }, { g: { load } })

    expect(error.message).toBe('GROUPS.g is a table; allowed: a name that no group in code has')
  })

  test('is one of a plain table of groups', () => {
    expect(configError({}, new Map([['g', { load }]])).field).toBe('groups')
    expect(configError({}, [{ load }]).field).toBe('groups')
  })

  test('in GROUPS has an origin, and no function', () => {
    expect(configError({ GROUPS: { g: { ttl: '5s' } } }).field).toBe('GROUPS.g.origin')
    expect(configError({ GROUPS: { g: { load: 'x' } } }).field).toContain('GROUPS.g')
    expect(configError({ GROUPS: 'x' }).field).toBe('GROUPS')
    expect(configError({ GROUPS: [] }).field).toBe('GROUPS')
  })
})
