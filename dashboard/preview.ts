/** Owns what is shown of a value: its beginning, where it is text. */

const MOST_BYTES = 1024

/** `undefined` for what is not text. */
export function previewOf(value: Uint8Array, contentType: string): string | undefined {
  if (!TEXTUAL.test(contentType)) return undefined
  const start = value.subarray(0, MOST_BYTES)
  try {
    // A stream's decoder waits for the rest of a character that the cut has split.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true })
    return value.byteLength > MOST_BYTES ? `${text}…` : text
  } catch {
    return undefined
  }
}

const TEXTUAL =
  /^(text\/|application\/(json|xml|javascript|ecmascript|x-www-form-urlencoded|x-ndjson|yaml|toml|graphql)\b|[\w.-]+\/[\w.-]+\+(json|xml|yaml)\b|image\/svg)/i
