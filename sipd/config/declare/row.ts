/** A directive of sipd.conf as a row of the table: what it says of itself, and what is read of a file by it. */
import type { Word } from './lines.ts'

/** What every row says of itself. */
export interface About {
  /** One line for the documentation. */
  readonly help: string
  /** Whether a graceful restart is enough for a change, or sipd has to be stopped and started. */
  readonly changes: 'reload' | 'restart'
  /** True, or the sentence that names what is to come: the directive is read and checked, and then not acted on. */
  readonly inForce: true | string
  /** Other ways to write the name; what a group of an expression catches becomes the first argument. */
  readonly also?: readonly (string | RegExp)[]
  /** It warns even when the default is written, for not even the default is so. */
  readonly warnsAtDefault?: true
}

/** A directive where it stood in the file; a container holds others. */
export interface Entry {
  readonly name: Word
  readonly args: readonly Word[]
  readonly inside: readonly Entry[] | undefined
}

/** Takes what is wrong, or allowed and remarkable, with something in the file. */
export interface Reader {
  complain(at: Word, message: string): void
  warn(at: Word, message: string): void
}

export interface Directive<V> extends About {
  readonly type: string
  readonly range: string | undefined
  /** As it would be written; undefined when there is none. */
  readonly defaults: readonly string[]
  readonly isRepeatable: boolean
  readonly isSecret: boolean
  /** What may stand in it, when it is a container. */
  readonly inside: Rows | undefined
  /**
   * The value of all its entries, the default when there are none. What is wrong goes to the reader, and the value
   * is then worth nothing. `owner` is the container that it would have to stand in.
   */
  gather(entries: readonly Entry[], reader: Reader, owner?: Word): V
  /** The lines that are read as this value again; secrets as `***`. */
  print(name: string, value: V): readonly string[]
}

export type Rows = Readonly<Record<string, Directive<unknown>>>
export type ValueOf<D> = D extends Directive<infer V> ? V : never
/** The values of a table of rows. */
export type RecordOf<R> = { readonly [N in keyof R]: ValueOf<R[N]> }
