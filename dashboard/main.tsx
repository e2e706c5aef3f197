/** Owns the start of the dashboard in a browser: what it is given of the page around it. */

import { createRoot } from 'hono/jsx/dom/client'
import { createClient } from '../src/client/client.ts'
import { App } from './app.tsx'
import { Session } from './session.ts'
import type { State } from './state.ts'
import { sessionTokens } from './tokens.ts'

/** Past this an answer is not waited for: the Worker counts as not reached. */
const TIMEOUT_MS = 10_000

const baseUrl = new URL('.', location.href).href
const root = createRoot(document.getElementById('dashboard') as HTMLElement)

const session = new Session({
  tokens: sessionTokens,
  connect: (token) =>
    createClient({
      baseUrl,
      token,
      fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }),
    }),
  nowMs: () => Date.now(),
  isVisible: document.visibilityState === 'visible',
  onChange: (state: State) => {
    root.render(<App state={state} session={session} baseUrl={baseUrl} />)
  },
})

document.addEventListener('visibilitychange', () => {
  session.setVisible(document.visibilityState === 'visible')
})
session.start()
