/** State that is kept as JSON: what is wrong with a file of it names the file, and says what to do. */
import { isMissing, messageOf } from '../errors.ts'
import { readRegularFile } from './regular-file.ts'

export interface JsonFileOptions<T> {
  /** The content as it must be; undefined when it is not. */
  readonly parse: (content: unknown) => T | undefined
  /** What the file must hold, such as `an engineID and boots`. */
  readonly holds: string
  /** What to do when it does not, such as `restore it from a backup`. */
  readonly remedy: string
}

/** Undefined when the file is not there. Throws an Error with the path, what is wrong, and what to do. */
export async function readJsonFile<T>(
  path: string,
  { parse, holds, remedy }: JsonFileOptions<T>,
): Promise<T | undefined> {
  let text: string
  try {
    text = (await readRegularFile(path)).octets.toString('utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new Error(`${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const kept = parse(parseJson(text, (reason) => new Error(`${path} ${reason}, expected ${holds}; ${remedy}`)))
  if (kept === undefined) throw new Error(`${path} does not hold ${holds}; ${remedy}`)
  return kept
}

function parseJson(text: string, failure: (reason: string) => Error): unknown {
  if (text.trim() === '') throw failure('is empty')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw failure(`is not valid JSON (${messageOf(error)})`)
  }
}
