/** Owns the asking for a token. The server renders it too: no DOM here. */

import type { Refusal } from './state.ts'

/** The part of a browser's event that is used, as the server knows no such thing. */
export interface SubmitEventLike {
  readonly currentTarget?: object | null | undefined
  preventDefault(): void
}

export interface SignInProps {
  readonly refusal?: Refusal | undefined
  /** Why there is no answer yet, while one is waited for. */
  readonly outage?: string | undefined
  readonly isChecking?: boolean
  /** Without it nothing can be sent: no script has run yet. */
  readonly onSubmit?: (event: SubmitEventLike) => void
}

export function SignIn({ refusal, outage, isChecking = false, onSubmit }: SignInProps) {
  return (
    <section class="sign-in" aria-labelledby="sign-in">
      <h2 id="sign-in">Sign in</h2>
      <div role="status">
        {refusal === 'wrong-token' && (
          <p class="notice bad">
            That is not this Worker's token. It may have been changed: try again with the new one.
          </p>
        )}
        {refusal === 'unusable-token' && (
          <p class="notice bad">
            That cannot be a token: it has printable ASCII characters, and no spaces.
          </p>
        )}
        {refusal === 'admin-disabled' && <NoToken />}
        {isChecking && <p class="notice">Asking the nodes…</p>}
        {outage !== undefined && (
          <p class="notice bad">No answer from the Worker, which is asked again: {outage}</p>
        )}
      </div>
      <form {...(onSubmit === undefined ? {} : { onSubmit })}>
        <fieldset disabled={onSubmit === undefined}>
          <label for="token">Token</label>
          <div class="row">
            <input
              id="token"
              type="password"
              autocomplete="off"
              spellcheck={false}
              required
              aria-describedby="token-help"
            />
            <button type="submit" class="primary">
              Sign in
            </button>
          </div>
          <p id="token-help" class="help">
            The secret <code>ADMIN_TOKEN</code> of this Worker. It is kept in this tab until you
            close it, or forget the token, and is sent to this Worker only.
          </p>
        </fieldset>
      </form>
    </section>
  )
}

function NoToken() {
  return (
    <div class="notice bad">
      <p>This Worker has no token, so that nobody can look into it. Set one:</p>
      <p>
        deployed: <code>npx wrangler secret put ADMIN_TOKEN</code>
      </p>
      <p>
        locally: <code>echo 'ADMIN_TOKEN=change-me' &gt; .dev.vars</code>, and start{' '}
        <code>npm run dev</code> again
      </p>
    </div>
  )
}
