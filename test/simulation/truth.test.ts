import { describe, expect, test } from 'vitest'
import type { GroupPlan } from './plan.ts'
import { type Answered, Truth, type Version } from './truth.ts'

const group: GroupPlan = {
  ttl: 1_000,
  staleWhileRevalidate: 0,
  staleIfError: 500,
  negativeTtl: 200,
  timeout: 1_000,
  hotTtl: 100,
  maxLoads: 1,
  expiryJitter: 0,
  durable: false,
  eviction: 'lru',
}

/** A version that came at 0. */
function arrived(truth: Truth, key = 'k'): Version {
  const version = truth.current('g', key)
  version.arrivedAtMs.push(0)
  return version
}

function answer(text: string | undefined, more: Partial<Answered> = {}): Answered {
  const askedAtMs = more.askedAtMs ?? 10
  return {
    group: 'g',
    key: 'k',
    text,
    askedAtMs,
    answeredAtMs: askedAtMs,
    ageMs: askedAtMs,
    isOfOwner: false,
    isJoined: false,
    isLastResort: false,
    ...more,
  }
}

function purgeAll(truth: Truth, beganAtMs: number, endedAtMs: number) {
  truth.purged({ group: 'g', isMeant: () => true, beganAtMs, endedAtMs, soft: false })
}

describe('of answers the truth', () => {
  test('takes what is current', () => {
    const truth = new Truth({ g: group })
    truth.check(answer(arrived(truth).text))
  })

  test('refuses the value of another key, and what nobody has loaded', () => {
    const truth = new Truth({ g: group })
    arrived(truth)

    expect(() => truth.check(answer(arrived(truth, 'other').text))).toThrow(/no value of this key/)
    expect(() => truth.check(answer('g/k@99 '))).toThrow(/no value of this key/)
    const next = truth.change('g', 'k', false, 5)
    expect(() => truth.check(answer(next.text))).toThrow(/no value of this key/)
  })

  test('refuses an age that is not that of any load', () => {
    const truth = new Truth({ g: group })
    const { text } = arrived(truth)

    expect(() => truth.check(answer(text, { ageMs: 3 }))).toThrow(/says that it is of 7/)
  })

  test('refuses what is past all its windows', () => {
    const truth = new Truth({ g: group })
    const { text } = arrived(truth)

    truth.check(answer(text, { askedAtMs: 1_499 }))
    expect(() => truth.check(answer(text, { askedAtMs: 1_500 }))).toThrow(/lives for 1500 ms/)
  })

  test('refuses what was purged: from the owner at once, from others after hotTtl', () => {
    const truth = new Truth({ g: group })
    const { text } = arrived(truth)
    truth.change('g', 'k', false, 5)
    purgeAll(truth, 10, 20)

    truth.check(answer(text, { askedAtMs: 119 }))
    expect(() => truth.check(answer(text, { askedAtMs: 120 }))).toThrow(/purged from 10 to 20/)
    expect(() => truth.check(answer(text, { askedAtMs: 20, isOfOwner: true }))).toThrow(/purged/)
    truth.check(answer(text, { askedAtMs: 120, isLastResort: true }))
  })

  test('takes what was still current when the purge began: it may have been loaded again', () => {
    const truth = new Truth({ g: group })
    const { text } = arrived(truth)
    purgeAll(truth, 10, 20)
    truth.change('g', 'k', false, 15)

    truth.check(answer(text, { askedAtMs: 500, isOfOwner: true }))
  })

  test('refuses "not found" where there was a value all the time, and longer than it is remembered', () => {
    const truth = new Truth({ g: group })
    arrived(truth)
    expect(() => truth.check(answer(undefined))).toThrow(/which it never was/)

    truth.change('g', 'k', true, 5).arrivedAtMs.push(6)
    truth.change('g', 'k', false, 7)
    truth.check(answer(undefined, { askedAtMs: 205 }))
    expect(() => truth.check(answer(undefined, { askedAtMs: 206 }))).toThrow(/not any more/)
  })

  test('refuses a value that was replaced by a set, and takes the one that was set', () => {
    const truth = new Truth({ g: group })
    const { text } = arrived(truth)
    truth.change('g', 'k', false, 5)
    const set = truth.newValue('g', 'k', 1_000)
    truth.wasSet(set.text, 10)
    const isMeant = ({ key }: Version) => key === 'k'
    truth.purged({ group: 'g', isMeant, beganAtMs: 8, endedAtMs: 12, soft: false, spares: set })

    truth.check(answer(set.text, { askedAtMs: 500, ageMs: 490, isOfOwner: true }))
    expect(() => truth.check(answer(text, { askedAtMs: 12, isOfOwner: true }))).toThrow(/replaced/)
  })
})
