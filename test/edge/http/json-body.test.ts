import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { MemoryBudget } from '../../../src/core/memory/memory-budget.ts'
import { readJson } from '../../../src/edge/http/json-body.ts'
import { RequestBodies } from '../../../src/edge/http/request-body.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const encoder = new TextEncoder()
const bodies = new RequestBodies(new MemoryBudget(64 * 1024 * 1024), new FakeClock())

function read(body: BodyInit) {
  const request = new Request('https://host/', { method: 'POST', body })
  return readJson(request, v.strictObject({ text: v.string('text') }), bodies, { isTrusted: false })
}

describe('a body of JSON', () => {
  test('may begin with a byte order mark (RFC 8259, section 8.1)', async () => {
    expect(await read(encoder.encode('\ufeff{"text":"x"}'))).toEqual({ text: 'x' })
  })

  test('is refused when it is not UTF-8, rather than read as something else', async () => {
    const bytes = new Uint8Array([...encoder.encode('{"text":"'), 0xff, ...encoder.encode('"}')])

    const answer = await read(bytes)

    expect(answer).toBeInstanceOf(Response)
    expect(await (answer as Response).json()).toMatchObject({ detail: 'The body is not JSON.' })
  })
})

test('clients without the token cannot take the room of those that have shown it', async () => {
  const bodies = new RequestBodies(new MemoryBudget(64 * 1024), new FakeClock())
  const schema = v.strictObject({ text: v.string('text') })
  const large = JSON.stringify({ text: 'x'.repeat(16 * 1024) })
  const read = (isTrusted: boolean) => {
    const request = new Request('https://host/', { method: 'POST', body: large })
    return readJson(request, schema, bodies, { isTrusted })
  }

  expect(await read(false)).toMatchObject({ status: 503 })
  expect(await read(true)).toEqual({ text: 'x'.repeat(16 * 1024) })
})
