/** What another Worker must not send: types do not cross a call. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SeveralWorkers, startWorkers } from '../support/several-workers.ts'

let workers: SeveralWorkers

beforeAll(async () => {
  workers = await startWorkers([
    { name: 'caller', configPath: 'test/support/workers/caller/wrangler.toml' },
    { name: 'workers-groupcache', configPath: 'test/support/workers/wrangler.toml' },
  ])
})

afterAll(() => workers.close())

async function call(method: string, ...args: unknown[]): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ method, args })
  const response = await workers.get('caller', '/', { method: 'POST', body })
  return (await response.json()) as Record<string, unknown>
}

test.each([
  ['no-such-group', 'get', []],
  ['no-such-group', 'get', [5, 'Tom']],
  ['no-such-group', 'get', [null, 'Tom']],
  ['no-such-group', 'get', ['nowhere', 'Tom']],
  ['no-such-group', 'get', ['<function>', 'Tom']],
  ['no-such-group', 'get', ['constructor', 'Tom']],
  ['no-such-group', 'get', ['<huge>', 'Tom']],
  ['bad-request', 'get', ['scores']],
  ['bad-request', 'get', ['scores', 5]],
  ['bad-request', 'get', ['scores', null]],
  ['bad-request', 'get', ['scores', ['Tom']]],
  ['bad-request', 'get', ['scores', '<function>']],
  ['bad-request', 'get', ['scores', '<bytes>']],
  ['bad-key', 'get', ['scores', '']],
  ['bad-key', 'get', ['scores', '\u0000']],
  ['bad-key', 'get', ['scores', '\ud800']],
  ['bad-key', 'get', ['scores', '<huge>']],
  ['bad-request', 'getMany', ['scores']],
  ['bad-request', 'getMany', ['scores', 'Tom']],
  ['bad-request', 'getMany', ['scores', { length: 1 }]],
  ['bad-request', 'getMany', ['scores', '<function>']],
  ['bad-request', 'getMany', ['scores', ['Tom', 5]]],
  ['bad-request', 'getMany', ['scores', ['Tom', '<function>']]],
  ['bad-request', 'set', ['scores', 'Tom']],
  ['bad-request', 'set', ['scores', 'Tom', 5]],
  ['bad-request', 'set', ['scores', 'Tom', '<function>']],
  ['bad-request', 'set', ['scores', 'Tom', '<date>']],
  ['bad-request', 'set', ['scores', 5, 'x']],
  ['bad-request', 'set', ['scores', 'Tom', 'x', null]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', 'options']],
  ['bad-request', 'set', ['scores', 'Tom', 'x', { ttl: '1s' }]],
  ['value-too-large', 'set', ['scores', 'Tom', '<huge>']],
  ['bad-request', 'set', ['scores', 'Tom', 'x', { ttlMs: 'soon' }]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', { ttlMs: -1 }]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', { tags: 'a' }]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', { tags: ['<function>'] }]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', { contentType: 'a\r\nb: c' }]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', '<function>']],
  ['bad-request', 'purge', ['scores']],
  ['bad-request', 'purge', ['scores', null]],
  ['bad-request', 'purge', ['scores', {}]],
  ['bad-request', 'purge', ['scores', { all: true, keys: ['Tom'] }]],
  ['bad-request', 'purge', ['scores', { keys: 'Tom' }]],
  ['bad-request', 'purge', ['scores', { keys: ['<function>'] }]],
  ['bad-request', 'purge', ['scores', '<function>']],
  ['bad-key', 'purge', ['scores', { keys: ['<huge>'] }]],
  ['bad-request', 'ring', ['scores']],
  ['bad-request', 'ring', ['scores', 5]],
  ['no-such-group', 'ring', ['<undefined>', 'Tom']],
  ...[[], ['weur'], null, 'weur', 5, '<date>', '<bytes>', '<function>', { other: 1 }].flatMap(
    (options): [string, string, unknown[]][] => [
      ['bad-request', 'get', ['scores', 'Tom', options]],
      ['bad-request', 'getMany', ['scores', ['Tom'], options]],
      ['bad-request', 'set', ['scores', 'Tom', 'x', options]],
      ['bad-request', 'purge', ['scores', { keys: ['Tom'] }, options]],
      ['bad-request', 'ring', ['scores', 'Tom', options]],
      ['bad-request', 'ring', ['<undefined>', '<undefined>', options]],
      ['bad-request', 'stats', [options]],
    ],
  ),
  ['bad-request', 'get', ['scores', 'Tom', {}, 'more']],
  ['bad-request', 'getMany', ['scores', ['Tom'], {}, {}]],
  ['bad-request', 'set', ['scores', 'Tom', 'x', {}, null]],
  ['bad-request', 'purge', ['scores', { keys: ['Tom'] }, {}]],
  ['bad-request', 'ring', ['scores', 'Tom', {}, 0]],
  ['bad-request', 'stats', [{}]],
  ['bad-request', 'get', ['scores', 'Tom', { region: 'weur' }]],
  ['bad-request', 'get', ['scores', 'Tom', { region: '' }]],
])('%s: %s with %j', async (code, method, args) => {
  const outcome = await call(method, ...args)

  expect(outcome).toEqual({
    error: { name: expect.any(String), message: expect.any(String), code },
  })
  expect(await call('get', 'scores', 'Tom')).toMatchObject({ result: { value: '630' } })
})

test('an argument more that is undefined is none', async () => {
  const outcome = await call('get', 'scores', 'Tom', '<undefined>', '<undefined>')

  expect(outcome).toMatchObject({ result: { value: '630' } })
})

test('a region that is named where there are none is refused in words that help', async () => {
  const { error } = await call('get', 'scores', 'Tom', { region: 'weur' })

  expect(error).toMatchObject({ message: 'options.region: none, as REGIONS is not set' })
})

// The runtime does that, on the caller's side: a promise cannot be sent, and nothing of it gets here.
test.each([
  ['get', ['scores', '<promise>']],
  ['getMany', ['scores', ['Tom', '<promise>']]],
  ['set', ['scores', 'Tom', '<promise>']],
  ['purge', ['scores', { keys: ['<promise>'] }]],
])('a promise among the arguments is refused: %s with %j', async (method, args) => {
  const outcome = await call(method, ...args)

  expect(outcome).toMatchObject({ error: { name: 'DataCloneError' } })
  expect(await call('get', 'scores', 'Tom')).toMatchObject({ result: { value: '630' } })
})
