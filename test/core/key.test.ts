import { describe, expect, test } from 'vitest'
import { BadKeyError } from '../../src/core/errors.ts'
import { canonicalKey, keyFromUrl, MAX_KEY_BYTES } from '../../src/core/key.ts'

describe('keys of groups in code', () => {
  test.each([
    ['Tom', 'Tom'],
    ['a%20b/c,d', 'a b/c,d'],
    ['100%2525', '100%25'],
    ['%D0%BA%D0%BB%D1%8E%D1%87', 'ключ'],
    ['%252e%252e', '%2e%2e'],
    ['..%2fadmin', '../admin'],
    ['a;b', 'a;b'],
    ['//evil.example/x', '//evil.example/x'],
    ['%5C', '\\'],
    ['%20', ' '],
  ])('the path %s is the key %j: decoded exactly once', (path, key) => {
    expect(keyFromUrl('text', path, '')).toBe(key)
  })

  test('the query is no part of the key', () => {
    expect(keyFromUrl('text', 'Tom', 'cachebuster=1')).toBe('Tom')
  })

  test.each([
    ['empty', ''],
    ['a lone percent sign', 'a%'],
    ['half an escape', 'a%2'],
    ['no hex digits', '%zz'],
    ['an overlong slash', '%C0%AF'],
    ['a surrogate', '%ED%A0%80'],
    ['a lone continuation byte', '%80'],
    ['NUL', 'a%00'],
    ['a line feed', 'a%0Ab'],
    ['DEL', '%7F'],
    ['a C1 control', '%C2%85'],
    ['too many bytes', 'x'.repeat(MAX_KEY_BYTES + 1)],
    ['too many bytes in few characters', '%D0%BA'.repeat(MAX_KEY_BYTES / 2 + 1)],
  ])('%s is refused', (_, path) => {
    expect(() => keyFromUrl('text', path, '')).toThrow(BadKeyError)
  })

  test('a key of exactly the greatest length is accepted', () => {
    expect(keyFromUrl('text', '%D0%BA'.repeat(MAX_KEY_BYTES / 2), '')).toHaveLength(512)
  })

  test('a program names keys without escapes', () => {
    expect(canonicalKey('text', '100%25')).toBe('100%25')
    expect(canonicalKey('text', '..')).toBe('..')
    expect(() => canonicalKey('text', '\ud800')).toThrow(BadKeyError)
  })
})

describe('keys of groups with an origin', () => {
  test.each([
    ['a/b', '', 'a/b'],
    ['a/b', 'x=1&y=2', 'a/b?x=1&y=2'],
    ['a%2fb', '', 'a%2Fb'],
    ['%41%7e%2D', '', 'A~-'],
    ['100%25', '', '100%25'],
    ['a%2525', 'q=%41', 'a%2525?q=A'],
    ['%D0%ba', '', '%D0%BA'],
    ['/evil.example/x', '', '/evil.example/x'],
    ['http://evil.example/', '', 'http://evil.example/'],
    ['a', 'next=../b&u=//h', 'a?next=../b&u=//h'],
    ['a...b/..c/d..', '', 'a...b/..c/d..'],
    ['%5f%30', '', '_0'],
    ['a', 'b?', 'a?b?'],
    ['a', 'b/../c', 'a?b/../c'],
  ])('%s with query %j is the key %j: only escapes are normalised', (path, query, key) => {
    expect(keyFromUrl('path', path, query)).toBe(key)
    expect(canonicalKey('path', key)).toBe(key)
  })

  test.each([
    '',
    '?x=1',
    '..',
    'a/../b',
    '%2e%2e/a',
    '..%2fadmin',
    '..%5Cadmin',
    'a/%252e%252e/b',
    'a%252f%252e%252e%252fb',
    '%25252e%25252e%2fa',
    '..;/admin',
    '..;x=1%2fadmin',
    '..%3fx',
    '..%23x',
    'a/%25%32%65%25%32%65/b',
    `${'/'.repeat(400)}%${'25'.repeat(300)}2e%2e`,
    './a',
    '.%2fa',
    '.;x/a',
    'a/%252e',
    'a\\b',
    'a b',
    'ключ',
    'a#b',
    'a"b',
    'a\tb',
    '%zz',
    'a%',
    '%C0%AE%C0%AE/a',
    'a%00',
    'a%0d%0aHost:%20evil',
    `${'x'.repeat(MAX_KEY_BYTES)}/`,
    '%D0%BA'.repeat(MAX_KEY_BYTES / 6 + 1),
  ])('%j is refused', (key) => {
    expect(() => canonicalKey('path', key)).toThrow(BadKeyError)
  })

  test('layers of escapes without end are refused, and layers that hide nothing are not', () => {
    // The last "%" written as "%2" and an escaped "5": no shortcut peels two of these layers at once.
    const nested = (times: number): string =>
      times === 0 ? '%61' : nested(times - 1).replace(/%(?=[^%]*$)/, '%2%35')
    const keyOf = (times: number) => nested(times).replaceAll('%', '%25')

    expect(canonicalKey('path', keyOf(6))).toBe(keyOf(6))
    expect(() => canonicalKey('path', keyOf(7))).toThrow('too many times')
    expect(canonicalKey('path', `a%${'25'.repeat(300)}41`)).toContain('a%2525')
  })

  test('an empty query is the same key as none', () => {
    expect(canonicalKey('path', 'a?')).toBe('a')
    expect(keyFromUrl('path', 'a', '')).toBe('a')
  })
})
