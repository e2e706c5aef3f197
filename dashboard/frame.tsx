/** Owns what is around everything that the dashboard shows. The server renders it too: no DOM here. */

import type { Child } from 'hono/jsx'

export interface FrameProps {
  /** At the right of the title. */
  readonly controls?: Child
  readonly children?: Child
}

export function Frame({ controls, children }: FrameProps) {
  return (
    <>
      <header class="top">
        <h1>
          <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="6" />
            <circle cx="8" cy="2" r="2" />
            <circle cx="13.2" cy="11" r="2" />
            <circle cx="2.8" cy="11" r="2" />
          </svg>
          workers-groupcache
        </h1>
        {controls}
      </header>
      <main>{children}</main>
    </>
  )
}
