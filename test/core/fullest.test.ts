import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fullest, Member } from '../../src/core/memory/member-heap.ts'

/** Few sizes and shares, so that many members are equally full. */
const anyChange = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add'), share: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), of: fc.nat() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('hold'),
      of: fc.nat(),
      bytes: fc.nat({ max: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('look') }) },
) as fc.Arbitrary<{ kind: string; of?: number; bytes?: number; share?: number }>

function fullestOf(members: readonly Member[]): Member | undefined {
  const fullness = (member: Member) => member.heldBytes / member.shareBytes
  return [...members].sort((a, b) => fullness(b) - fullness(a) || a.number - b.number)[0]
}

test('whatever has changed since the last look, the first is the one that a search would find', () => {
  const changes = fc.array(anyChange, { minLength: 1, maxLength: 120, size: 'max' })
  const property = fc.property(changes, (run) => {
    const order = new Fullest()
    const members = Array.from({ length: 10 }, (_, number) => new Member(1 + (number % 3), number))
    for (const member of members) order.add(member)
    let joined = members.length
    for (const { kind, of = 0, bytes = 0, share = 0 } of run) {
      const member = members[of % Math.max(1, members.length)]
      if (kind === 'add') {
        const added = new Member(share, joined++)
        members.push(added)
        order.add(added)
      } else if (kind === 'look') expect(order.first()).toBe(fullestOf(members))
      else if (member !== undefined && kind === 'hold') {
        member.heldBytes = bytes
        order.note(member)
      } else if (member !== undefined) {
        members.splice(members.indexOf(member), 1)
        order.remove(member)
        expect(order.has(member)).toBe(false)
      }
    }
    expect(order.first()).toBe(fullestOf(members))
    expect(new Set(order)).toEqual(new Set(members))
  })

  fc.assert(property, { seed: 7, numRuns: 1_000 })
})

test('a member that may hold nothing is the last, and the first as soon as it holds something', () => {
  const order = new Fullest()
  const [none, some] = [new Member(0, 0), new Member(10, 1)]
  order.add(none)
  order.add(some)
  some.heldBytes = 5
  order.note(some)

  expect(order.first()).toBe(some)
  none.heldBytes = 1
  order.note(none)
  expect(order.first()).toBe(none)
  expect(none.fullness).toBe(1)
})

test('a member that was removed can be removed again, and noted, to no effect', () => {
  const order = new Fullest()
  const [a, b] = [new Member(1, 0), new Member(1, 1)]
  order.add(a)
  order.add(b)
  a.heldBytes = 9

  order.note(a)
  order.remove(a)
  order.remove(a)
  order.note(a)

  expect(order.first()).toBe(b)
  expect([...order]).toEqual([b])
})

test('members that are gone are not remembered, though nobody looks for the first', () => {
  const order = new Fullest()
  const lasting = new Member(1, 0)
  order.add(lasting)
  for (let number = 1; number <= 100; number++) {
    const member = new Member(1, number)
    order.add(member)
    order.remove(member)
  }

  expect(order.unsettled).toBe(1)
  expect(order.first()).toBe(lasting)
})
