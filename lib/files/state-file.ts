/** Reading what an earlier process of ours kept: one that cannot be understood is kept aside, for somebody to look into. */
import { isMissing, messageOf } from '../errors.ts'
import { keepBrokenFile } from './files.ts'
import { readRegularFile } from './regular-file.ts'

export type StateRead<T> =
  | { readonly kind: 'read'; readonly value: T }
  /** There is none: the first start. */
  | { readonly kind: 'none' }
  /** `aside` is its new path; undefined where it stays, since it could not be read or not be renamed. */
  | { readonly kind: 'broken'; readonly error: string; readonly aside: string | undefined }

/** Of a broken one: what happened, and where it is now. */
export function brokenSentence(
  path: string,
  { error, aside }: { readonly error: string; readonly aside: string | undefined },
): string {
  return `cannot read ${path}: ${error}${aside === undefined ? '' : `; it was kept as ${aside}`}`
}

/** `parse` throws when the text is not what is written there. Never rejects. */
export async function readState<T>(path: string, parse: (text: string) => T): Promise<StateRead<T>> {
  let text: string
  try {
    text = (await readRegularFile(path)).octets.toString('utf8')
  } catch (error) {
    return isMissing(error) ? { kind: 'none' } : { kind: 'broken', error: messageOf(error), aside: undefined }
  }
  try {
    return { kind: 'read', value: parse(text) }
  } catch (error) {
    return { kind: 'broken', error: messageOf(error), aside: await keepBrokenFile(path) }
  }
}
