import { describe, expect, test } from 'vitest'
import { type GroupDefinitions, readConfig, type Settings } from '../../src/config/config.ts'
import { ConfigError } from '../../src/core/errors.ts'

const load = () => 'x'
const ORIGIN = 'https://o.example'

function groupWith(options: object, settings: Settings = {}) {
  return readConfig(settings, { g: { load, ...options } } as GroupDefinitions).groups.get('g')
}

function sourceWith(options: object, settings: Settings = {}) {
  const definition = { origin: ORIGIN, ...options }
  const source = readConfig(settings, { g: definition } as GroupDefinitions).groups.get('g')?.source
  if (source?.kind !== 'origin') throw new Error('The group has no origin.')
  return source
}

function errorOf(read: () => unknown): ConfigError {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('The configuration was accepted.')
}

describe('an option at its bound', () => {
  test.each([
    ['timeout', '1ms'],
    ['timeout', '1h'],
    ['softTimeout', '1ms'],
    ['softTimeout', '1h'],
    ['maxLoads', 1],
    ['maxLoads', 10_000],
    ['maxBytes', '2KiB'],
    ['maxBytes', '1GiB'],
    ['expiryJitter', 0],
    ['expiryJitter', 0.5],
    ['maxHotBytes', 0],
    ['maxValueBytes', 0],
  ])('is accepted: %s of %j', (option, value) => {
    expect(groupWith({ [option]: value })).toBeDefined()
  })

  test.each([
    ['timeout', 3_600_001],
    ['softTimeout', 3_600_001],
    ['maxLoads', 10_001],
    ['maxBytes', 2_047],
    ['maxBytes', 1024 ** 3 + 1],
    ['expiryJitter', -0.01],
    ['expiryJitter', 0.51],
    ['expiryJitter', Number.NaN],
  ])('is refused beyond it: %s of %j', (option, value) => {
    expect(errorOf(() => groupWith({ [option]: value })).field).toBe(`groups.g.${option}`)
  })

  test('is accepted for values of 30 MiB, and refused for a byte more', () => {
    const largest = 30 * 1024 * 1024
    const options = { maxBytes: '64MiB', maxValueBytes: largest }

    expect(groupWith(options)?.options.maxValueBytes).toBe(largest)
    expect(errorOf(() => groupWith({ ...options, maxValueBytes: largest + 1 })).field).toBe(
      'groups.g.maxValueBytes',
    )
  })
})

describe('a duration as a bare number', () => {
  const DURATIONS = [
    'ttl',
    'staleWhileRevalidate',
    'staleIfError',
    'negativeTtl',
    'hotTtl',
    'clientTtl',
    'timeout',
    'softTimeout',
  ]

  test.each(DURATIONS)('is refused as %s between 0 and 1,000: seconds are meant', (option) => {
    for (const value of [1, 60, 999]) {
      const { message } = errorOf(() => groupWith({ [option]: value }))

      expect(message).toBe(
        `groups.g.${option} is ${value}; allowed: a bare number of milliseconds that is 0 or at ` +
          `least 1,000: write "${value}s" or "${value}ms"`,
      )
    }
    expect(groupWith({ [option]: 1_000 })).toBeDefined()
  })

  test('is refused in a table as it is in code', () => {
    const table = { origin: ORIGIN, staleIfError: 300 }

    expect(errorOf(() => readConfig({ GROUPS: { g: table } }, {})).message).toContain(
      'GROUPS.g.staleIfError is 300; allowed: a bare number of milliseconds that is 0 or',
    )
  })

  test.each([0.5, 1_500.5, -1, Number.NaN, Number.POSITIVE_INFINITY])('is refused as %d', (ttl) => {
    expect(errorOf(() => groupWith({ ttl })).allowed).toContain('a duration such as')
  })
})

test('an option is not taken for its default when it is zero', () => {
  const group = groupWith({ expiryJitter: 0, maxHotBytes: 0, ttl: 0, hotTtl: 0 })

  expect(group).toMatchObject({ maxHotBytes: 0 })
  expect(group?.options).toMatchObject({ expiryJitter: 0, ttlMs: 0, hotTtlMs: 0 })
})

test.each(['a_b-C9', 'x'.repeat(64)])('a group may be named %j', (name) => {
  expect(readConfig({}, { [name]: { load } }).groups.has(name)).toBe(true)
})

test('a token may have any printable character but the space', () => {
  expect(readConfig({ ADMIN_TOKEN: '!~' }, {}).adminToken).toBe('!~')
})

test('a table may be one without a prototype, as parsers make them', () => {
  const options = Object.assign(Object.create(null), { origin: ORIGIN })

  expect(readConfig({ GROUPS: { g: options } }, {}).groups.has('g')).toBe(true)
})

describe('the base URL of an origin', () => {
  test.each([
    ['https://origin.example', 'https://origin.example/'],
    ['https://origin.example/v1', 'https://origin.example/v1/'],
    ['http://origin.example:8080/v1/', 'http://origin.example:8080/v1/'],
  ])('of %s ends with one slash', (origin, href) => {
    expect(sourceWith({ origin }).baseUrl.href).toBe(href)
  })

  test.each(['https://user@o.example', 'https://:hunter2@o.example'])(
    'has no credentials: %s is refused, and no error shows them',
    (origin) => {
      const error = errorOf(() => sourceWith({ origin }))

      expect(error.field).toBe('groups.g.origin')
      expect(error.message).not.toMatch(/user|hunter2/)
    },
  )

  test('has no query, and no error shows one', () => {
    const error = errorOf(() => sourceWith({ origin: 'https://o.example/?token=hunter2' }))

    expect(error.message).toContain('is a URL with a query, a fragment or a backslash;')
    expect(error.message).not.toMatch(/token|hunter2/)
  })

  test('has no default', () => {
    expect(errorOf(() => readConfig({ GROUPS: { g: {} } }, {})).message).toBe(
      'GROUPS.g.origin is not set; allowed: a value, as it has no default',
    )
  })
})

describe('headers for an origin', () => {
  test('may be any that a request can carry', () => {
    const headers = { 'X-Price': 'costs $5', 'X-Name': 'caf\u00e9', 'X-Table': 'a\tb' }

    expect(sourceWith({ headers }).headers).toEqual(headers)
  })

  test('take secrets whatever the case of their names', () => {
    const source = sourceWith({ headers: { A: '$api_Key2' } }, { api_Key2: 'abc' })

    expect(source.headers).toEqual({ A: 'abc' })
  })

  test.each([
    'Host',
    'host',
    'Content-Length',
    'Connection',
    'TE',
    'If-None-Match',
    'Proxy-Authorization',
    'Range',
  ])("are not %s, which is not the operator's to set", (name) => {
    const error = errorOf(() => sourceWith({ headers: { [name]: 'x' } }))

    expect(error.message).toContain('headers other than those of the connection')
  })

  test('are no list', () => {
    expect(errorOf(() => sourceWith({ headers: ['x'] })).message).toContain('a table of names')
  })
})
