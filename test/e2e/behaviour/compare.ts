/** Owns whether an answer is what a step expects. */

import { parseList, Token } from 'structured-headers'
import { expect } from 'vitest'
import type { Answer, Pattern, Step } from './run.ts'

/** Fails where the answer is not as the step expects it. */
export function compare(step: Step, answer: Answer, label: string): void {
  const { headers = {}, absent = [], body, json, problem, cacheStatus } = step.expect
  const names = [...Object.keys(headers), ...absent].map((name) => name.toLowerCase())
  const actual = {
    status: answer.status,
    headers: Object.fromEntries(names.map((name) => [name, answer.headers[name]])),
    ...(body === undefined ? {} : { body: answer.body }),
  }
  const wanted = [
    ...Object.entries(headers).map(([name, value]) => [name.toLowerCase(), matching(value)]),
    ...absent.map((name) => [name.toLowerCase(), undefined]),
  ]

  expect(actual, label).toEqual({
    status: step.expect.status,
    headers: Object.fromEntries(wanted),
    ...(body === undefined ? {} : { body }),
  })
  if (json !== undefined) expect(JSON.parse(answer.body), label).toMatchObject(json)
  if (problem !== undefined) compareProblem(step, answer, label)
  if (cacheStatus !== undefined) {
    expect(readCacheStatus(answer.headers['cache-status']), label).toEqual(cacheStatus)
  }
}

/** RFC 9457, section 3. What went wrong inside is nobody's business outside. */
function compareProblem(step: Step, { headers, body }: Answer, label: string): void {
  const { status, problem, title, detail } = step.expect
  expect(headers, label).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  if (step.method === 'HEAD') return
  expect(JSON.parse(body), label).toEqual({
    type: `urn:workers-groupcache:${problem}`,
    title: title ?? expect.stringMatching(/^[A-Z]\S* .+[^.]$/),
    status,
    detail: detail === undefined ? expect.stringMatching(/\.$/) : expect.stringMatching(detail),
    code: problem,
  })
  expect(body, label).not.toMatch(
    /127\.0\.0\.1|localhost|https?:|\\n|\.[jt]s\b|secret of the origin/,
  )
}

function matching(value: Pattern): unknown {
  return typeof value === 'string' ? value : expect.stringMatching(value)
}

/** RFC 9211, section 2: a list of tokens with parameters. */
function readCacheStatus(header: string | string[] = ''): object[] {
  return parseList(String(header)).map(([name, parameters]) => ({
    cache: String(name).replace(/^node-\d+$/, 'node'),
    ...Object.fromEntries([...parameters].map(([key, value]) => [key, readParameter(key, value)])),
  }))
}

function readParameter(name: string, value: unknown): unknown {
  if (name === 'ttl' && Number.isInteger(value)) return Number(value) > 0 ? 'positive' : 'negative'
  return value instanceof Token ? value.toString() : value
}
