/** Owns what a behaviour is made of, and how one is run against a Worker. */

import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { type Message, PROTOCOL_VERSION } from '../../../src/core/peers/messages.ts'
import { Ring } from '../../../src/core/ring/ring.ts'
import type { HttpOriginServer } from '../../support/http-origin.ts'
import type { WorkerServer } from '../../support/worker-server.ts'
import { compare } from './compare.ts'
import { DIGITS } from './expected.ts'
import type { GroupName } from './groups.ts'

/** One piece of HTTP behaviour. Its `id` names it, and is the key that it is about. */
export interface Behaviour {
  readonly id: string
  /** Where it is written. */
  readonly rfc: string
  /**
   * `required`: clients break without it. `optimal`: correct without it, but worse. `check`: one of
   * several allowed ways, pinned so that a change is seen. A test fails for any of them.
   */
  readonly strength: 'required' | 'optimal' | 'check'
  /** `open` has no admin token, `guarded` has `TOKEN`. Default: `open`. */
  readonly worker?: 'open' | 'guarded'
  /** Default: `pages`. */
  readonly group?: GroupName
  /** The origin's answers in turn, of which the last one stays. Default: `DIGITS` as plain text. */
  readonly origin?: readonly OriginAnswer[]
  /** The origin's answers to keys below the `id`. */
  readonly originAt?: Readonly<Record<string, OriginAnswer>>
  readonly steps: readonly Step[]
  /** Each step is sent once the one before it waits, and only then does the origin answer. */
  readonly together?: true
  /** How many requests the origin sees in all. Default: any number. */
  readonly originRequests?: number
}

/** `hangs`: there never is one. */
export type OriginAnswer =
  | 'hangs'
  | {
      readonly status?: number
      readonly headers?: Headers
      readonly body?: string | Uint8Array
    }

type Headers = Readonly<Record<string, string>>
export type Pattern = string | RegExp

export interface Step {
  /** Default: GET. */
  readonly method?: string
  /** Default: the behaviour's. */
  readonly group?: GroupName
  /** A key below the `id`. Default: the `id` itself. */
  readonly key?: string
  /** The whole request target, in place of group and key. */
  readonly path?: string
  /** Sent exactly so, with `Host` and `Connection` and nothing else. */
  readonly headers?: Headers
  readonly body?: string
  /** Asks again and again until this header of the answer is like that. */
  readonly until?: readonly [header: string, value: RegExp]
  readonly expect: Expected
}

export interface Expected {
  readonly status: number
  readonly headers?: Readonly<Record<string, Pattern>>
  /** Headers that must not be there. */
  readonly absent?: readonly string[]
  readonly body?: string
  /** What the JSON in the body holds, among other things. */
  readonly json?: object
  /** The code of problem details, whose form is then checked as a whole. */
  readonly problem?: string
  readonly title?: string
  readonly detail?: RegExp
  /** What the `Cache-Status` header says, member by member and no more than that. */
  readonly cacheStatus?: readonly Member[]
}

export interface Member {
  /** `node` for each of them. */
  readonly cache: 'node' | 'edge'
  readonly hit?: true
  readonly fwd?: 'miss' | 'stale'
  readonly stored?: true
  readonly collapsed?: true
  readonly ttl?: 'positive' | 'negative'
  readonly detail?: string
}

export interface Stage {
  readonly workers: Readonly<Record<'open' | 'guarded', WorkerServer>>
  readonly origin: HttpOriginServer
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Asks nothing more once `signal` says that the time for it is over. */
export async function runBehaviour(
  behaviour: Behaviour,
  stage: Stage,
  signal: AbortSignal,
): Promise<void> {
  const { origin } = stage
  const release = behaviour.together ? Promise.withResolvers<void>() : undefined
  answerAs(behaviour, origin, release?.promise)

  const { steps } = behaviour
  const answers: Promise<Answer>[] = []
  const callersAre = release === undefined ? undefined : await callersOf(behaviour, stage, signal)
  for (const [i, step] of steps.entries()) {
    const answer = askUntil(step, behaviour, stage, signal)
    answers.push(answer)
    if (callersAre === undefined) compare(step, await answer, `step ${i + 1}`)
    else await callersAre(answers.length)
  }
  if (release !== undefined) {
    release.resolve()
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      compare(steps[i] as Step, answer, `step ${i + 1}`)
    }
  }

  if (behaviour.originRequests !== undefined) {
    const seen = origin.requests.filter(({ url }) => isAbout(behaviour, url))
    expect(seen, 'requests that the origin saw').toHaveLength(behaviour.originRequests)
  }
}

/** Refreshes of earlier behaviours may still arrive: they have no part in this one. */
function answerAs(behaviour: Behaviour, origin: HttpOriginServer, release?: Promise<void>): void {
  const { id, origin: answers = [{}], originAt = {} } = behaviour
  let asked = 0
  origin.answer = ({ url = '' }, response) => {
    const ownAnswer = originAt[url.slice(`/${id}/`.length)]
    if (!isAbout(behaviour, url)) send(response, {})
    else if (ownAnswer !== undefined) send(response, ownAnswer)
    else {
      const answer = answers[Math.min(asked++, answers.length - 1)] as OriginAnswer
      if (release === undefined) send(response, answer)
      else void release.then(() => send(response, answer))
    }
  }
}

function send(response: ServerResponse, answer: OriginAnswer): void {
  if (answer === 'hangs') return
  const { status = 200, headers = { 'Content-Type': 'text/plain' }, body = DIGITS } = answer
  response.writeHead(status, headers)
  response.end(body)
}

function isAbout({ id }: Behaviour, url = ''): boolean {
  return url === `/${id}` || url.startsWith(`/${id}/`) || url.startsWith(`/${id}?`)
}

async function askUntil(
  step: Step,
  behaviour: Behaviour,
  stage: Stage,
  signal: AbortSignal,
): Promise<Answer> {
  for (;;) {
    signal.throwIfAborted()
    const answer = await ask(step, behaviour, stage)
    if (step.until === undefined) return answer
    const [header, value] = step.until
    if (value.test(String(answer.headers[header.toLowerCase()]))) return answer
  }
}

/** Not with `fetch`, which sends headers of its own and hides some of those that it gets. */
async function ask(step: Step, behaviour: Behaviour, stage: Stage): Promise<Answer> {
  const { id, group: usualGroup = 'pages', worker = 'open' } = behaviour
  const { method = 'GET', group = usualGroup, key, headers = {}, body } = step
  const { path = `/cache/${group}/${key === undefined ? id : `${id}/${key}`}` } = step
  const { hostname, port } = stage.workers[worker].url
  return new Promise((resolve, reject) => {
    request({ hostname, port, method, path, headers, agent: false }, (incoming) => {
      const { statusCode: status = 0, headers } = incoming
      text(incoming).then((body) => resolve({ status, headers, body }), reject)
    })
      .on('error', reject)
      .end(body)
  })
}

const NODES = Array.from({ length: 16 }, (_, i) => `node-${i}`)

/** What a node reports of itself, as far as it matters here. */
interface NodeNamespace {
  getByName(name: string): {
    stats(
      message: Message,
    ): Promise<{ groups: Readonly<Record<string, { readonly gets: number }>> }>
  }
}

/** Waits until that many more requests for the key have come to its owner. */
async function callersOf(
  { id, group = 'pages' }: Behaviour,
  { workers }: Stage,
  signal: AbortSignal,
) {
  const bindings = await workers.open.runtime.getBindings<{ CACHE_NODE: NodeNamespace }>()
  const owner = bindings.CACHE_NODE.getByName(new Ring(NODES).pick(id))
  const gets = async () =>
    (await owner.stats({ version: PROTOCOL_VERSION })).groups[group]?.gets ?? 0
  const before = await gets()
  return async (callers: number) => {
    while ((await gets()) < before + callers) signal.throwIfAborted()
  }
}
