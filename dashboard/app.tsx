/** Owns what is shown in which state. */

import { Console } from './console.tsx'
import { Frame } from './frame.tsx'
import type { Session } from './session.ts'
import { SignIn, type SubmitEventLike } from './sign-in.tsx'
import type { State } from './state.ts'

export interface AppProps {
  readonly state: State
  readonly session: Session
  /** Where a client reaches this Worker, with a slash at its end. */
  readonly baseUrl: string
}

export function App({ state, session, baseUrl }: AppProps) {
  if (state.kind === 'watching') {
    return <Console watching={state} baseUrl={baseUrl} onForget={() => session.forget()} />
  }
  const onSubmit = (event: SubmitEventLike) => {
    event.preventDefault()
    const { elements } = event.currentTarget as HTMLFormElement
    session.signIn((elements.namedItem('token') as HTMLInputElement).value)
  }
  return (
    <Frame>
      <SignIn
        refusal={state.kind === 'signed-out' ? state.refusal : undefined}
        outage={state.kind === 'checking' ? state.outage : undefined}
        isChecking={state.kind === 'checking' && state.outage === undefined}
        onSubmit={onSubmit}
      />
    </Frame>
  )
}
