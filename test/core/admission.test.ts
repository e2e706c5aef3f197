import { describe, expect, test } from 'vitest'
import { Admission } from '../../src/core/admission.ts'

function seen(admission: Admission, key: string, times: number): void {
  for (let i = 0; i < times; i++) admission.seen(key)
}

describe('what a full hot cache takes', () => {
  test('is a key that is asked for more often than the one that would have to go', () => {
    const admission = new Admission()
    seen(admission, 'hot', 3)
    seen(admission, 'warm', 2)

    expect(admission.admits('hot', 'warm')).toBe(true)
    expect(admission.admits('warm', 'hot')).toBe(false)
  })

  test('is not a key that is asked for as often: the held one stays', () => {
    const admission = new Admission()
    seen(admission, 'a', 2)
    seen(admission, 'b', 2)

    expect(admission.admits('a', 'b')).toBe(false)
    expect(admission.admits('b', 'a')).toBe(false)
    expect(admission.admits('new', 'a')).toBe(false)
  })

  test('tells what is hot from 100,000 keys that are asked for once', () => {
    const admission = new Admission()
    for (let i = 0; i < 100_000; i++) {
      admission.seen(`once-${i}`)
      if (i % 100 === 0) admission.seen('hot')
    }

    const wrong = Array.from({ length: 1_000 }, (_, i) => admission.admits(`once-${i * 99}`, 'hot'))
    expect(wrong.filter(Boolean)).toHaveLength(0)
    expect(admission.admits('hot', 'once-7')).toBe(true)
  })

  test('forgets what was hot once', () => {
    const admission = new Admission()
    seen(admission, 'once hot', 200)
    for (let i = 0; i < 400_000; i++) admission.seen(`other-${i % 20_000}`)
    seen(admission, 'hot now', 200)

    expect(admission.admits('hot now', 'once hot')).toBe(true)
  })
})
