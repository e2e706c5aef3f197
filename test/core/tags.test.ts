import { expect, test } from 'vitest'
import { parseTagHeader, parseTags } from '../../src/core/entry/tags.ts'

/** As many tags as an entry may have. */
const FULL_LIST = Array.from({ length: 64 }, (_, i) => `t${i}`)

test.each([
  ['', []],
  ['a', ['a']],
  ['a, b ,c', ['a', 'b', 'c']],
  ['a,,a', ['a']],
  ['!+-~', ['!+-~']],
  ['x'.repeat(128), ['x'.repeat(128)]],
  [FULL_LIST.join(), FULL_LIST],
  ['a b', undefined],
  ['x'.repeat(1_025), undefined],
  [Array.from({ length: 1_001 }, (_, i) => `t${i}`).join(), undefined],
  [Array.from({ length: 17 }, (_, i) => `${i}`.padEnd(1_000, 'x')).join(), undefined],
])('the header %j has the tags %j', (header, tags) => {
  expect(parseTagHeader(header)).toEqual(tags)
})

test.each([['a'], [['a', 5]], [null], [{ 0: 'a' }], [['']], [['é']]])(
  '%j is no list of tags',
  (value) => {
    expect(parseTags(value)).toBeUndefined()
  },
)
