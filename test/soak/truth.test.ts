import { beforeEach, expect, test } from 'vitest'
import { type Seen, Truth } from './truth.ts'

const promises = { ttlMs: 1_000, staleMs: 0, hotTtlMs: 500, timeoutMs: 500, bytes: 200 }
let truth: Truth

beforeEach(() => {
  truth = new Truth({ g: promises })
  truth.change('g', 'k', 10_000)
})

function seen(body: string, rest: Partial<Seen> = {}): Seen {
  return {
    group: 'g',
    key: 'k',
    askedAtMs: 10_100,
    answeredAtMs: 10_200,
    etag: body,
    body,
    ...rest,
  }
}

test('the current version passes, and so does one that was replaced a moment ago', () => {
  expect(truth.check(seen(truth.body('g', 'k', 1)))).toBeUndefined()
  expect(truth.check(seen(truth.body('g', 'k', 0)))).toBeUndefined()
})

test('a version that was never current is told', () => {
  expect(truth.check(seen(truth.body('g', 'k', 7)))).toContain('has never been')
})

test('a version that was replaced too long ago is told', () => {
  const late = { askedAtMs: 20_000, answeredAtMs: 20_000 }
  expect(truth.check(seen(truth.body('g', 'k', 0), late))).toContain('was replaced')
})

test('a version that was purged is told once hot copies have ended', () => {
  truth.forgotten('g', 'k', 1, 10_100)
  const old = truth.body('g', 'k', 0)
  expect(truth.check(seen(old, { askedAtMs: 10_600 }))).toBeUndefined()
  expect(truth.check(seen(old, { askedAtMs: 10_606 }))).toContain('although purged')
})

test('the value of another key is told', () => {
  expect(truth.check(seen(truth.body('g', 'other', 0)))).toBe('not the bytes of it')
})

test('a short body is told, whole or in part', () => {
  const whole = truth.body('g', 'k', 1)
  expect(truth.check(seen(whole.slice(0, -1)))).toBe('short')
  truth.check(seen(whole, { etag: 'tag' }))
  expect(truth.check(seen(whole.slice(5, 9), { etag: 'tag', range: [5, 9] }))).toBe('short')
})

test('a tag that does not depend on the bytes alone is told', () => {
  truth.check(seen(truth.body('g', 'k', 1), { etag: 'a' }))
  expect(truth.check(seen(truth.body('g', 'k', 1), { etag: 'b' }))).toContain('two tags')
  expect(truth.check(seen(truth.body('g', 'k', 0), { etag: 'a' }))).toContain('another version')
})

test('an Age that says more than how long the value has existed is told, and one that says too little', () => {
  const late = { askedAtMs: 12_400, answeredAtMs: 12_400 }
  expect(truth.check(seen(truth.body('g', 'k', 1), { ...late, ageMs: 3_000 }))).toContain('newer')
  expect(truth.check(seen(truth.body('g', 'k', 0), { ...late, ageMs: 0 }))).toContain('before')
})

test('a purge bounds the version that was current when it was sent, of each of its keys', () => {
  truth.change('g', 'other', 10_000)
  const bound = truth.purging('g', ['k', 'other'])
  truth.change('g', 'k', 10_050)
  bound(10_100)
  const late = { askedAtMs: 10_700, answeredAtMs: 10_700 }
  expect(truth.check(seen(truth.body('g', 'k', 1), late))).toBeUndefined()
  expect(truth.check(seen(truth.body('g', 'k', 0), late))).toContain('although purged up to 1')
  const other = { ...late, key: 'other' }
  expect(truth.check(seen(truth.body('g', 'other', 0), other))).toContain('although purged')
})

test('an edge that may be cut off from the owner has its stale window more', () => {
  truth = new Truth({ g: { ...promises, staleMs: 300 } })
  truth.change('g', 'k', 10_000)
  truth.forgotten('g', 'k', 1, 10_100)
  const old = seen(truth.body('g', 'k', 0), { askedAtMs: 10_800 })
  expect(truth.check(old)).toContain('although purged')
  expect(truth.check({ ...old, mayBeCutOff: true })).toBeUndefined()
})
