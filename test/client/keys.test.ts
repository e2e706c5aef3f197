import { describe, expect, test } from 'vitest'
import { jsonOf } from '../support/fake-http.ts'
import { answerSet, clientOf } from './setting-client.ts'

describe("a key's place in the URL", () => {
  test.each([
    ['a b/c,d', 'a%20b%2Fc%2Cd'],
    ['100%25', '100%2525'],
    ['q?x=1#y', 'q%3Fx%3D1%23y'],
    ['ключ', '%D0%BA%D0%BB%D1%8E%D1%87'],
    ['../x', '..%2Fx'],
    ['%2e%2e', '%252e%252e'],
    ['a\\b', 'a%5Cb'],
    ['...', '...'],
  ])('of the form text: %s is encoded', async (key, path) => {
    const { client, puts } = clientOf()

    await client.set('scores', key, '1')

    expect(puts()[0]?.url).toBe(`https://cache.test/cache/scores/${path}`)
  })

  test.each(['dir/a%2Fb?x=1', "it's", 'a//b', '?x', 'a%2fb'])(
    'of the form path: %s is sent as it is',
    async (key) => {
      const { client, puts } = clientOf()

      await client.set('pages', key, '1')

      expect(puts()[0]?.url).toBe(`https://cache.test/cache/pages/${key}`)
    },
  )

  test.each([
    ['scores', '.'],
    ['scores', '..'],
    ['scores', '\ud800'],
    ['pages', '..'],
    ['pages', '.'],
    ['pages', '../scores/Tom'],
    ['pages', 'a/%2e%2E/b'],
    ['pages', 'a\\..\\b'],
    ['pages', 'a#b'],
    ['pages', 'a b'],
    ['pages', 'ключ'],
    ['pages', 'a\n'],
  ])('does not exist in %s for %j, which a URL would not carry unchanged', async (group, key) => {
    const { client, puts } = clientOf()

    await expect(client.set(group, key, '1')).rejects.toMatchObject({
      code: 'bad-key',
      status: undefined,
    })
    expect(puts()).toHaveLength(0)
  })

  test.each(['', '..', 'a/b', 'a?b'])('does not exist in a group named %j', async (group) => {
    const { client, requests } = clientOf()

    await expect(client.set(group, 'k', '1')).rejects.toMatchObject({ code: 'no-such-group' })
    await expect(client.get(group, 'k')).rejects.toMatchObject({ code: 'no-such-group' })
    expect(requests).toHaveLength(0)
  })
})

describe("a group's form of keys", () => {
  test('is asked for once, with no keys, however many values are set', async () => {
    const { client, puts, asks } = clientOf()

    await Promise.all(['a', 'b', 'c'].map((key) => client.set('scores', key, '1')))
    await client.set('scores', 'd', '1')
    await client.set('pages', 'e', '1')

    expect(asks().map(({ url }) => url)).toEqual([
      'https://cache.test/cache/scores',
      'https://cache.test/cache/pages',
    ])
    expect(asks().map(jsonOf)).toEqual([{ keys: [] }, { keys: [] }])
    expect(puts()).toHaveLength(5)
  })

  test('is known from any read', async () => {
    const { client, asks } = clientOf((request) =>
      request.method === 'PUT'
        ? answerSet(request)
        : Response.json({
            entries: [{ key: 'a', status: 404, code: 'not-found' }],
            keyForm: 'text',
          }),
    )

    await client.get('scores', 'a')
    await client.set('scores', 'a', '1')

    expect(asks()).toHaveLength(1)
  })

  test('is asked for again after a failure', async () => {
    let isDown = true
    const { client, puts } = clientOf((request) => {
      if (isDown) throw new TypeError('fetch failed')
      return answerSet(request)
    })

    await expect(client.set('scores', 'a', '1')).rejects.toMatchObject({ code: 'network' })
    isDown = false
    await client.set('scores', 'a', '1')

    expect(puts()).toHaveLength(1)
  })
})
