/** Settings of any form: a whole configuration, or an error that names what is wrong. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type GroupConfig, readConfig } from '../../src/config/config.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { LONGEST_MS } from '../../src/core/units.ts'
import { holds } from '../support/fuzz.ts'

const MiB = 1024 * 1024

const odd = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
  fc.constantFrom<unknown>(
    null,
    undefined,
    '',
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    [],
    {},
  ),
)
/** Mostly what is meant, so that what comes after it is looked at too. */
function mostly<T>(meant: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: meant }, { weight: 1, arbitrary: odd })
}
const duration = mostly(fc.constantFrom('0s', '250ms', '5m', '1h', 1_000, 0, '3650d', '1.5s'))
const timeout = mostly(fc.constantFrom('1ms', '10s', '1h', 1_500))
const size = mostly(fc.constantFrom('2KiB', '1MiB', '16MiB', 65_536, '0.5MiB'))
const common = {
  ttl: duration,
  staleWhileRevalidate: duration,
  staleIfError: duration,
  negativeTtl: duration,
  timeout,
  softTimeout: timeout,
  hotTtl: duration,
  expiryJitter: mostly(fc.double({ min: 0, max: 0.5, noNaN: true })),
  maxBytes: size,
  maxValueBytes: size,
  maxHotBytes: size,
  clientTtl: duration,
  maxLoads: mostly(fc.integer({ min: 1, max: 10_000 })),
  eviction: mostly(fc.constant('lru')),
  durable: mostly(fc.boolean()),
  access: mostly(fc.constantFrom('public', 'private')),
  traceKeys: mostly(fc.boolean()),
}
const headers = fc.dictionary(
  fc.constantFrom('X-Key', 'Accept', 'host', 'a b', '__proto__', 'constructor'),
  mostly(fc.constantFrom('$SECRET', '$NOWHERE', 'text', 'hush-hush\r\nb: c', 'x$SECRET')),
)
const origin = mostly(
  fc.constantFrom(
    'https://o.example/x',
    'http://o.example',
    'ftp://o',
    'https://hush-hush:b@o',
    'https:hush-hush@o',
    'https://o?q',
  ),
)
const unknownOption = fc.dictionary(
  fc.constantFrom('TTL', 'tll', '__proto__', 'constructor'),
  odd,
  {
    maxKeys: 1,
  },
)
const originTable = fc
  .tuple(
    fc.record({ ...common, origin, headers: mostly(headers) }, { requiredKeys: ['origin'] }),
    fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: unknownOption }),
  )
  .map(([table, more]) => ({ ...table, ...more }))
const functionGroup = fc.record(
  { ...common, load: mostly(fc.constant(() => 'value')) },
  { requiredKeys: ['load'] },
)
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'pages', 'A-b_9', 'constructor', 'toString') },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'a'.repeat(65), 'a/b')),
  },
)
const settings = fc.record(
  {
    NODES: mostly(fc.oneof(fc.integer({ min: 1, max: 512 }), fc.constantFrom('16', '0x10', '1e2'))),
    NODES_BEFORE: mostly(fc.constantFrom(1, '24')),
    REGIONS: mostly(fc.constantFrom('weur', 'weur, apac', 'weur,weur', 'mars', '')),
    MAX_ISOLATE_BYTES: mostly(fc.constantFrom('64MiB', '1048576', '1GiB')),
    ADMIN_TOKEN: mostly(fc.constantFrom('secret', 'with space')),
    SECRET: mostly(fc.constant('hush-hush')),
    GROUPS: mostly(fc.dictionary(name, mostly(originTable), { maxKeys: 2 })),
  },
  { requiredKeys: ['SECRET'] },
)
const groups = mostly(
  fc.dictionary(name, mostly(fc.oneof(functionGroup, originTable)), { maxKeys: 2 }),
)

function expectWhole(group: GroupConfig): void {
  const { options, maxBytes, maxHotBytes, clientTtlMs, maxLoads, source } = group
  const { timeoutMs, softTimeoutMs, expiryJitter, maxValueBytes, ...durations } = options
  for (const ms of [...Object.values(durations), clientTtlMs]) {
    expect(Number.isSafeInteger(ms) && ms >= 0 && ms <= LONGEST_MS).toBe(true)
  }
  expect(Number.isSafeInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= 3_600_000).toBe(true)
  expect(softTimeoutMs).toBeGreaterThanOrEqual(1)
  expect(expiryJitter >= 0 && expiryJitter <= 0.5).toBe(true)
  expect(Number.isSafeInteger(maxBytes) && maxBytes >= 2048 && maxBytes <= 1024 * MiB).toBe(true)
  expect(Number.isSafeInteger(maxValueBytes) && maxValueBytes <= maxBytes).toBe(true)
  expect(maxValueBytes).toBeLessThanOrEqual(30 * MiB)
  expect(Number.isSafeInteger(maxHotBytes)).toBe(true)
  expect(Number.isInteger(maxLoads) && maxLoads >= 1).toBe(true)
  expect([typeof group.durable, typeof group.traceKeys]).toEqual(['boolean', 'boolean'])
  expect(['public', 'private']).toContain(group.access)
  if (source.kind === 'load') {
    expect(typeof source.load).toBe('function')
    return
  }
  expect(source.baseUrl.href).toMatch(/^https?:\/\/[^?#@]*\/$/)
  // As they are sent: nothing in them ends a header early.
  expect(() => new Headers(source.headers)).not.toThrow()
}

test('any settings are a whole configuration, or a ConfigError that names field, value and what is allowed', async () => {
  let whole = 0
  const property = fc.property(settings, groups, (vars, definitions) => {
    try {
      const config = readConfig(vars, definitions as never)
      whole += config.groups.size > 0 ? 1 : 0
      for (const count of [config.nodes, config.nodesBefore ?? 1]) {
        expect(Number.isInteger(count) && count >= 1 && count <= 512).toBe(true)
      }
      expect(config.maxIsolateBytes >= MiB && config.maxIsolateBytes <= 100 * MiB).toBe(true)
      expect(config.regions).not.toContain('')
      for (const [key, group] of config.groups) {
        expect(key).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
        expect(group.name).toBe(key)
        expectWhole(group)
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      expect(error.code).toBe('config')
      expect(error.field).not.toBe('')
      expect(error.allowed).not.toBe('')
      expect(error.message).toContain(error.field)
      expect(error.message).toContain(`; allowed: ${error.allowed}`)
      expect(error.message).not.toContain('hush-hush')
    }
  })
  await holds(property, { seed: 131, numRuns: 2_000 })
  // Or nothing has been looked at but errors.
  expect(whole).toBeGreaterThan(0)
})

test('an option that is set is the one that holds; one that is not has its default', async () => {
  const seconds = fc.integer({ min: 1, max: 3_000 })
  const options = fc.record(
    { ttl: seconds, staleIfError: seconds, hotTtl: seconds, clientTtl: seconds, timeout: seconds },
    { requiredKeys: [] },
  )
  const property = fc.property(options, (set) => {
    const written = Object.fromEntries(Object.entries(set).map(([option, n]) => [option, `${n}s`]))
    const group = readConfig({}, { a: { load: () => '', ...written } }).groups.get('a')

    const { ttl = 60, staleIfError = 0, hotTtl = 1, clientTtl = 0, timeout: limit = 10 } = set
    expect(group).toMatchObject({
      clientTtlMs: clientTtl * 1000,
      options: {
        ttlMs: ttl * 1000,
        staleIfErrorMs: staleIfError * 1000,
        hotTtlMs: hotTtl * 1000,
        timeoutMs: limit * 1000,
      },
    })
  })
  await holds(property, { seed: 132, numRuns: 500 })
})
