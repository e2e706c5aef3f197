import { describe, expect, test } from 'vitest'
import { canonicalKey, keyFromUrl, MAX_KEY_BYTES } from '../../src/core/entry/key.ts'
import { BadKeyError } from '../../src/core/errors.ts'

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
    'a/%25uff0e%25uff0e/b',
    '%25uff0e%25uff0e%25uff0fadmin',
    '%25u2024./b',
    'a/%25%75%66%660e./b',
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

  test.each([
    ['a tab', '.%2509./admin'],
    ['a line feed', '.%250a./admin'],
    ['a carriage return, three layers deep', '.%25250d./admin'],
    ['a tab, many layers deep', `.%${'25'.repeat(200)}09./admin`],
    ['a tab whose own digits are escaped', '.%25%30%39./admin'],
    ['NUL', 'a%2500.html'],
    ['DEL', 'a%257f'],
    ['a C1 control', 'a%25C2%2585'],
    ['a C1 control in lower case', 'a%25c2%2580'],
    ['a tab in front of a segment', '%2509../admin'],
    ['a tab in no dot segment', 'a%2509b/c'],
    ['a line end in the query', 'a?x=%250d%250aSet-Cookie:b'],
    ['a C1 control in the query', 'a?x=%25C2%2585'],
    ['a tab behind a second question mark', 'a?x?%2509'],
    ['a tab of another spelling', '.%25u0009./admin'],
  ])('%s in an inner layer of escapes is refused: %j', (_, key) => {
    expect(() => canonicalKey('path', key)).toThrow('control character')
    const [path = '', query = ''] = key.split(/\?(.*)/s)
    expect(() => keyFromUrl('path', path, query)).toThrow(BadKeyError)
  })

  test.each([
    ['an overlong dot', '%25C0%25AE%25C0%25AE/admin'],
    ['an overlong tab', '.%25C0%2589./admin'],
    ['an overlong slash of three bytes', '..%25E0%2580%25AFadmin'],
    ['a byte that a lenient decoder drops', '.%25FF./admin'],
    ['a surrogate', '.%25ED%25A0%2580./admin'],
  ])('%s in an inner layer of a path is refused: %j', (_, key) => {
    expect(() => canonicalKey('path', key)).toThrow('not UTF-8')
  })

  test.each([
    ['fullwidth dots', '%EF%BC%8E%EF%BC%8E/admin'],
    ['fullwidth dots, encoded twice', '%25EF%25BC%258E%25EF%25BC%258E/admin'],
    ['a two dot leader', 'a/%E2%80%A5/admin'],
    ['a fullwidth slash', '..%EF%BC%8Fadmin'],
    ['a zero width space', '.%E2%80%8B./admin'],
    ['a soft hyphen', '.%25C2%25AD./admin'],
    ['a space at the end', '..%20/admin'],
    ['a no-break space in front', 'a/%C2%A0../admin'],
    ['a semicolon and a double encoded dot', '.%252e;x=1/admin'],
    ['a dot of another spelling', '%25u002e%25u002e/admin'],
  ])('a dot segment made of %s is refused: %j', (_, key) => {
    expect(() => canonicalKey('path', key)).toThrow('segment, plain or encoded')
  })

  test.each([
    'caf%25C3%25A9',
    '%EF%BC%8E%EF%BC%92',
    'a%E2%80%8Bb',
    '.%20.',
    '100%25',
    'a%25zz%2525',
    'a?u=http:%2F%2Fold.example%2Fcaf%25E9',
    'a?next=%252e%252e%252fb',
    'a?b=%25C3%2589',
  ])('%j hides nothing, and is a key', (key) => {
    expect(canonicalKey('path', key)).toBe(key)
  })

  test('a key of a group in code keeps its inner layers, whatever they hold', () => {
    expect(keyFromUrl('text', '.%2509./admin', '')).toBe('.%09./admin')
    expect(canonicalKey('text', '.%09./admin')).toBe('.%09./admin')
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
