/** Owns where the token is kept: in the tab's session storage, and nowhere else. */

import type { TokenStore } from './session.ts'

const NAME = 'workers-groupcache-token'

/** A browser that keeps nothing makes its user sign in again after a reload, and that is all. */
export const sessionTokens: TokenStore = {
  read: () => {
    try {
      return sessionStorage.getItem(NAME) ?? undefined
    } catch {
      return undefined
    }
  },
  write: (token) => {
    try {
      if (token === undefined) sessionStorage.removeItem(NAME)
      else sessionStorage.setItem(NAME, token)
    } catch {
      // Then it is in memory alone.
    }
  },
}
