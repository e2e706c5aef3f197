/** Owns the form of what is logged: one JSON object a line, whose fields Workers Logs can search. */

/** How many causes of an error are logged with it. */
const MOST_CAUSES = 3

/** What is logged of an error: an object of its own, as JSON leaves out what matters of an `Error`. */
interface LoggedError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/** Something that an operator should mend, though nothing has failed. Never with a key or a value in it. */
export function logWarning(event: string): void {
  console.warn(JSON.stringify({ level: 'warning', event }))
}

/**
 * @param event What has happened, in a few words that never change: to search by.
 * @param where Never a key or a value: those are the clients'.
 */
export function logError(
  event: string,
  where: Readonly<Record<string, string | number>>,
  error: unknown,
): void {
  console.error(JSON.stringify({ level: 'error', event, ...where, error: readable(error, 0) }))
}

/** Loaders throw what they like. What cannot be read must not make a failed load another failure. */
function readable(error: unknown, depth: number): LoggedError {
  try {
    return loggedError(error, depth)
  } catch {
    return { name: typeof error, message: 'What was thrown cannot be read.' }
  }
}

function loggedError(error: unknown, depth: number): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) }
  const { name, message, stack, cause } = error
  const { code } = error as { code?: unknown }
  return {
    name: String(name),
    message: String(message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(stack === undefined ? {} : { stack: String(stack) }),
    ...(cause === undefined || depth === MOST_CAUSES ? {} : { cause: readable(cause, depth + 1) }),
  }
}
