import { expect, test } from 'vitest'
import { createWorker } from '../../src/edge/worker.ts'
import { groups } from '../support/workers/groups.ts'

const worker = createWorker({ groups })

async function answer(method: string, path: string) {
  const response = await worker.fetch(new Request(`https://host${path}`, { method }))
  return { status: response.status, headers: response.headers, text: await response.text() }
}

test.each([
  ['a value', '/cache/scores/Tom'],
  ['not found', '/cache/scores/nobody'],
  ['no key', '/cache/scores'],
  ['no group', '/cache/nowhere/Tom'],
  ['no route', '/elsewhere'],
])('HEAD of %s is GET without the body, for code in the same Worker too', async (_, path) => {
  const get = await answer('GET', path)
  const head = await answer('HEAD', path)

  expect(get.text).not.toBe('')
  expect(head).toMatchObject({ status: get.status, text: '' })
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
})
