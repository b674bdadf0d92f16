/** What was thrown, which may be anything. */

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Of errors of the system, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The message, and those of what caused it where it does not repeat them. */
export function messageWithCausesOf(error: unknown): string {
  const message = messageOf(error)
  if (!(error instanceof Error) || error.cause === undefined) return message
  const why = messageWithCausesOf(error.cause)
  return message.includes(why) ? message : `${message}: ${why}`
}

/** The same as an Error, for who needs one. */
export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Nothing is there. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

/** It is there, and this process may not have it. */
export function isDenied(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EACCES' || code === 'EPERM'
}
