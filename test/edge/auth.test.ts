import { describe, expect, test } from 'vitest'
import { createGuard } from '../../src/edge/auth.ts'

const TOKEN = 'correct-horse'

function answerTo(authorization: string, token: string | undefined = TOKEN) {
  const request = new Request('https://host/admin', { headers: { Authorization: authorization } })
  return createGuard(token)(request, {})
}

describe('a guard', () => {
  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN} `])(
    'lets %j pass: the scheme has no case (RFC 9110, section 11.1)',
    async (authorization) => {
      expect(await answerTo(authorization)).toBeUndefined()
    },
  )

  test.each([
    TOKEN,
    `Basic ${TOKEN}`,
    `XBearer ${TOKEN}`,
    `Bearer${TOKEN}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${TOKEN.slice(0, 5)}`,
    `Bearer ${TOKEN}!`,
  ])('does not let %j pass', async (authorization) => {
    expect((await answerTo(authorization))?.status).toBe(401)
  })

  test('lets nobody pass where no token is set', async () => {
    const guard = createGuard(undefined)
    const request = new Request('https://host/', { headers: { Authorization: 'Bearer undefined' } })

    expect((await guard(request, {}))?.status).toBe(403)
    expect((await guard(new Request('https://host/'), {}))?.status).toBe(403)
  })
})
