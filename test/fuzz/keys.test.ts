/** Keys and the URLs that they become: whatever is asked for, nothing leaves its origin. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalKey, keyFromUrl, MAX_KEY_BYTES } from '../../src/core/entry/key.ts'
import { BadKeyError } from '../../src/core/errors.ts'
import { urlOf } from '../../src/loaders/http-origin.ts'
import { holds } from '../support/fuzz.ts'

const utf8 = new TextEncoder()

/** Pieces that parsers disagree about, and any text. */
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'B', '0', '-', '~', '/', '//', ';', '?', '&', '=') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '.',
      '..',
      '%2e',
      '%2E%2e',
      '%252e',
      '%2509',
      '%25250d',
      '%25C2%2585',
      '%2f',
      '%5c',
      '\\',
      '%',
      '%%',
      '%2',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'http://evil.example',
      '//evil.example',
      '@',
      ':',
      '#',
      '%00',
      '\0',
      '\n',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '%C3%BC',
      '%c3%bc',
      'ü',
      '%C0%AE',
      '%ED%A0%80',
      '%FF',
      '\ud800',
      '😀',
      ' ',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat({ max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
)
const short = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
/** Around the greatest length, in characters of one byte to four. */
const long = fc
  .tuple(fc.constantFrom('a', 'ü', '😀', '%41', '%C3%BC'), fc.integer({ min: -2, max: 2 }), short)
  .map(([unit, more, end]) => {
    const bytes = utf8.encode(unit).byteLength
    return unit.repeat(Math.max(0, Math.floor((MAX_KEY_BYTES + more) / bytes))) + end
  })
const anyText = fc.oneof({ weight: 8, arbitrary: short }, { weight: 1, arbitrary: long })

/** `undefined` where it is refused; anything but a `BadKeyError` fails the test. */
function unlessBadKey<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(BadKeyError)
    return undefined
  }
}

/** Percent-decoding as RFC 3986 has it, byte by byte; `undefined` for a bad escape or bad UTF-8. */
function decoded(text: string): string | undefined {
  const bytes: number[] = []
  for (let i = 0; i < text.length; ) {
    if (text[i] === '%') {
      const hex = text.slice(i + 1, i + 3)
      if (!/^[0-9a-f]{2}$/i.test(hex)) return undefined
      bytes.push(Number.parseInt(hex, 16))
      i += 3
    } else {
      const character = String.fromCodePoint(text.codePointAt(i) as number)
      if (!character.isWellFormed()) return undefined
      bytes.push(...utf8.encode(character))
      i += character.length
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes))
  } catch {
    return undefined
  }
}

test('a key of a group in code is what its path says, decoded exactly once, or it is refused', async () => {
  const property = fc.property(anyText, anyText, (path, query) => {
    const key = unlessBadKey(() => keyFromUrl('text', path, query))

    const text = decoded(path)
    const isKey =
      text !== undefined &&
      text !== '' &&
      utf8.encode(text).byteLength <= MAX_KEY_BYTES &&
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      !/[\x00-\x1f\x7f-\x9f]/.test(text)
    expect(key).toBe(isKey ? text : undefined)
  })
  await holds(property, { seed: 101, numRuns: 5_000 })
})

test.each(['text', 'path'] as const)('a canonical key (%s) stays as it is', async (form) => {
  const property = fc.property(anyText, (text) => {
    const key = unlessBadKey(() => canonicalKey(form, text))
    if (key !== undefined) expect(canonicalKey(form, key)).toBe(key)
  })
  await holds(property, { seed: 102, numRuns: 5_000 })
})

const BASES = ['https://origin.example/', 'http://origin.example:8080/a/b%2f/', 'http://[::1]/~x/']
const anyBase = fc.constantFrom(...BASES).map((base) => new URL(base))

/** What an origin may make of a path: decoded more than once, backslashes for slashes, cut at ";". */
function readings(path: string): string[] {
  const found: string[] = []
  for (let layer: string | undefined = path, n = 0; layer !== undefined && n < 10; n++) {
    found.push(layer)
    const next: string = layer.replace(/%([0-7][0-9a-f])/gi, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    layer = next === layer ? undefined : next
  }
  return found
}

test('a key of an origin group never leaves its origin, however often that decodes it', async () => {
  const property = fc.property(anyBase, anyText, fc.option(anyText), (base, path, query) => {
    const key = unlessBadKey(() => keyFromUrl('path', path, query ?? ''))
    if (key === undefined) return
    const url = unlessBadKey(() => urlOf(base, key))
    if (url === undefined) return

    expect(url.origin).toBe(base.origin)
    expect([url.username, url.password, url.hash]).toEqual(['', '', ''])
    expect(url.pathname.startsWith(base.pathname)).toBe(true)
    expect(url.href).toBe(base.href + key)
    for (const reading of readings(key)) expect(reading).not.toMatch(/\p{Cc}|%C2%[89]/iu)
    for (const reading of readings(url.pathname.slice(base.pathname.length))) {
      const segments = reading.split(/[/\\]/).map((segment) => segment.split(/[;?#]/)[0])
      expect(segments).not.toContain('..')
      expect(segments).not.toContain('.')
    }
  })
  await holds(property, { seed: 103, numRuns: 5_000 })
})

/** Both spellings say the same to an origin: escapes of what need not be escaped, and the case of hex. */
function meaning(path: string, query: string): string {
  const normal = (text: string) =>
    text.replace(/%([0-9a-f]{2})/gi, (encoded, hex) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return /[a-z0-9\-._~]/i.test(character) ? character : encoded.toUpperCase()
    })
  return query === '' ? normal(path) : `${normal(path)}?${normal(query)}`
}

test('two requests have one key of an origin group only if they mean the same to the origin', async () => {
  const twisted = anyText.chain((text) =>
    fc.tuple(
      fc.constant(text),
      fc.oneof(
        anyText,
        fc.constantFrom(
          text.toLowerCase(),
          text.toUpperCase(),
          text.replaceAll('/', '%2F'),
          text.replaceAll('%2f', '/'),
          text.replaceAll('a', '%61'),
          `${text}/`,
          `${text}?`,
        ),
      ),
    ),
  )
  const property = fc.property(twisted, fc.constantFrom('', 'a', '?', 'a=%2f'), ([a, b], query) => {
    const [keyA, keyB] = [a, b].map((path) =>
      unlessBadKey(() => keyFromUrl('path', path.split('?', 1)[0] as string, query)),
    )
    if (keyA === undefined || keyB === undefined) return

    const [meantA, meantB] = [a, b].map((path) => meaning(path.split('?', 1)[0] as string, query))
    expect(keyA === keyB).toBe(meantA === meantB)
  })
  await holds(property, { seed: 104, numRuns: 5_000 })
})
