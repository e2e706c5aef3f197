/** Owns that a cached page gets no hold of the Worker's own origin, where an operator's token may be. */

/**
 * An origin of its own for what browsers may run as a page (Content Security Policy Level 3, section 6.3.2):
 * its scripts work, but see neither the dashboard nor what that keeps. Left alone are types that are known to
 * run nothing, as `X-Content-Type-Options: nosniff` is sent with all. Of a list of types browsers take the
 * last (Fetch, "extract a MIME type"): that a list begins with an inert one says nothing.
 */
export function sandboxFor(contentType: string): Readonly<Record<string, string>> {
  const isInert = INERT.test(contentType) && !contentType.includes(',')
  return isInert ? {} : { 'Content-Security-Policy': SANDBOX }
}

/** A viewer for PDF does not start in a sandbox, and has an origin of its own. */
const INERT =
  /^(text\/(plain|css|csv|markdown|javascript)|application\/(octet-stream|json|javascript|pdf|wasm|[\w.-]+\+json)|(image|audio|video|font)\/(?![\w.+-]*(svg|xml))[\w.+-]+) *(;|$)/i

/** Everything but `allow-same-origin`, and what acts on other pages without the user. */
const SANDBOX =
  'sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox ' +
  'allow-scripts allow-top-navigation-by-user-activation'
