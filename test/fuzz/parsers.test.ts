/** What reads the text of others: durations, sizes, dates, tags, content types, directives. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isContentType } from '../../src/core/entry/content-type.ts'
import { isTag, parseTagHeader, parseTags } from '../../src/core/entry/tags.ts'
import { parseHttpDate } from '../../src/core/http-date.ts'
import { LONGEST_MS, parseBytes, parseDurationMs } from '../../src/core/units.ts'
import { deltaMs, parseCacheControl } from '../../src/http/cache-control.ts'
import { holds } from '../support/fuzz.ts'

const UNITS = { ms: 1n, s: 1_000n, m: 60_000n, h: 3_600_000n, d: 86_400_000n }
const SIZES = { B: 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n }

/** In whole units, by exact arithmetic; `undefined` for a part of one, or what is no quantity. */
function exactly(text: string, units: Readonly<Record<string, bigint>>): number | undefined {
  const [, whole, fraction = '', unit] = /^(\d{1,9})(?:\.(\d{1,6}))?([A-Za-z]+)$/.exec(text) ?? []
  if (whole === undefined || unit === undefined || !Object.keys(units).includes(unit)) {
    return undefined
  }
  const millionths = BigInt(whole + fraction.padEnd(6, '0')) * (units[unit] as bigint)
  if (millionths % 1_000_000n !== 0n) return undefined
  const amount = Number(millionths / 1_000_000n)
  return Number.isSafeInteger(amount) ? amount : undefined
}

const unit = fc.constantFrom('ms', 's', 'm', 'h', 'd', 'B', 'KiB', 'MiB', 'GiB', 'S', 'kb', '')
const digits = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength })
const anyQuantity = fc.oneof(
  fc
    .tuple(digits(10), fc.option(digits(7), { nil: undefined }), unit)
    .map(
      ([whole, fraction, name]) => whole + (fraction === undefined ? '' : `.${fraction}`) + name,
    ),
  fc.string({ unit: fc.constantFrom('1', '0', '.', 's', 'm', 'B', '-', '+', 'e', ' ', '\n', '٣') }),
  fc.constantFrom('constructor', '1constructor', '5toString', '__proto__', 'Infinity', 'NaNs'),
)

test('a duration or a size is what exact arithmetic says, or none', async () => {
  const property = fc.property(anyQuantity, (text) => {
    const ms = exactly(text, UNITS)
    expect(parseDurationMs(text)).toBe(ms !== undefined && ms <= LONGEST_MS ? ms : undefined)
    expect(parseBytes(text)).toBe(exactly(text, SIZES))
  })
  await holds(property, { seed: 111, numRuns: 5_000 })
})

test('a value of any other type is a duration or a size only if it is a whole number', async () => {
  const property = fc.property(fc.anything(), (value) => {
    if (typeof value === 'string') return
    const isWhole = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    expect(parseBytes(value)).toBe(isWhole ? value : undefined)
    expect(parseDurationMs(value)).toBe(isWhole && value <= LONGEST_MS ? value : undefined)
  })
  await holds(property, { seed: 112, numRuns: 2_000 })
})

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The names of a moment's parts, and the moment in each of the three forms of an HTTP date. */
function httpDates(date: Date) {
  const two = (n: number, fill = '0') => String(n).padStart(2, fill)
  const [weekday, day, year] = [date.getUTCDay(), date.getUTCDate(), date.getUTCFullYear()]
  const month = MONTHS[date.getUTCMonth()]
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map((n) => two(n))
    .join(':')
  return {
    imf: `${DAYS[weekday]}, ${two(day)} ${month} ${year} ${time} GMT`,
    asctime: `${DAYS[weekday]} ${month} ${two(day, ' ')} ${time} ${year}`,
    rfc850: `${LONG_DAYS[weekday]}, ${two(day)}-${month}-${two(year % 100)} ${time} GMT`,
  }
}

test('a moment survives being written as an HTTP date, in each of the three forms and in any case', async () => {
  const moment = fc.integer({ min: 0, max: Date.UTC(2199, 11, 31) / 1000 })
  // Two digits of a year say no more than this.
  const away = fc.integer({ min: -49 * 365, max: 49 * 365 })
  const property = fc.property(moment, away, fc.boolean(), (seconds, days, isUpper) => {
    const date = new Date(seconds * 1000)
    const nowMs = +date + days * 86_400_000
    for (const text of Object.values(httpDates(date))) {
      expect(parseHttpDate(text, nowMs)).toBe(+date)
      const otherCase = isUpper ? text.toUpperCase() : text.toLowerCase()
      expect(parseHttpDate(otherCase, nowMs)).toBe(+date)
    }
  })
  await holds(property, { seed: 113, numRuns: 1_000 })
})

test('what is no HTTP date is NaN, and never throws', async () => {
  const part = fc.constantFrom('Tue', ', ', '01', ' ', 'Sep', '2026', '10:00:00', 'GMT', '99', '-')
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: part }))
  const property = fc.property(text, (date) => {
    // All three forms have a time of day; much of what a date may be read from otherwise has none.
    const ms = parseHttpDate(date, Date.UTC(2026, 8, 1))
    if (!/\d\d:\d\d:\d\d/.test(date)) expect(ms).toBeNaN()
  })
  await holds(property, { seed: 114, numRuns: 2_000 })
})

test('tags survive a header, and a list of anything else is none', async () => {
  const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
  const tag = fc.string({ unit: printable, minLength: 1 }).map((text) => text.replaceAll(',', ';'))
  const some = fc.uniqueArray(tag)
  const between = fc.constantFrom(',', ' , ', ',,', ', \t')
  await holds(
    fc.property(some, between, (tags, comma) => {
      expect(parseTagHeader(tags.join(comma))).toEqual(tags)
    }),
    { seed: 115, numRuns: 1_000 },
  )
  await holds(
    fc.property(fc.anything(), (value) => {
      const tags = parseTags(value)
      if (tags !== undefined) expect(tags.every((name) => isTag(name))).toBe(true)
      expect(tags === undefined).toBe(!Array.isArray(value) || !Array.from(value).every(isTag))
    }),
    { seed: 116, numRuns: 1_000 },
  )
})

test('a content type that is taken can be sent as a header, and ends nowhere early', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.anything())
  const property = fc.property(text, (value) => {
    if (!isContentType(value)) return
    expect(new Headers({ 'Content-Type': value }).get('content-type')).toBe(value.trim())
  })
  await holds(property, { seed: 117, numRuns: 2_000 })
})

test('directives are read as they were written, quoted or not; the first of a name counts', async () => {
  const name = fc.constantFrom('max-age', 'no-store', 'private', 'x', 'S-MaxAge')
  const argument = fc.oneof(
    fc.constant(undefined),
    fc.string({ unit: fc.constantFrom(...'0123456789abc-') }),
    fc.string({ unit: fc.constantFrom('a', ',', '=', ' ', '5', 'no-store') }).map((s) => `"${s}"`),
  )
  const directive = fc.tuple(name, argument)
  const property = fc.property(
    fc.array(directive),
    fc.constantFrom(',', ', ', ' ,'),
    (all, comma) => {
      const header = all
        .map(([n, value]) => (value === undefined ? n : `${n}=${value}`))
        .join(comma)
      const expected = new Map<string, string>()
      for (const [n, value = ''] of all) {
        const key = n.toLowerCase()
        if (!expected.has(key)) expected.set(key, value.replace(/^"(.*)"$/, '$1'))
      }
      expect(parseCacheControl(header)).toEqual(expected)
    },
  )
  await holds(property, { seed: 118, numRuns: 2_000 })
})

test('a number of seconds is never negative, infinite or no number', async () => {
  const text = fc.oneof(fc.string(), digits(400), fc.double().map(String), fc.bigInt().map(String))
  const property = fc.property(text, (seconds) => {
    const ms = deltaMs(seconds)
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(ms).toBeLessThanOrEqual(LONGEST_MS)
  })
  await holds(property, { seed: 119, numRuns: 2_000 })
})
