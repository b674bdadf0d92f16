/** What a command is: its words, options, help with an example, and exit codes, declared in the file that runs it. */
import type { Home } from '../home/home.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Options, ValuesOf } from './options.ts'

export interface Invocation<O extends Options = Options> {
  /** Of --home, CASTELLAN_HOME, or var/ beside the program. Reading it throws HomeError when one of the first two is empty. */
  readonly home: Home
  /** The words after the command. */
  readonly operands: readonly string[]
  readonly options: ValuesOf<O>
}

export interface Command<O extends Options = Options> {
  readonly name: string
  /** As its help shows them: `<name> [file]`, `[name...]`. Undefined: it takes none. */
  readonly operands?: string
  /** The words after the program's name, where they are another order than options and operands. */
  readonly usage?: string
  /** One sentence, without a capital or a full stop. */
  readonly summary: string
  /** What a user has to know besides; paragraphs, which the help wraps. */
  readonly details?: string
  /** A whole line to type. */
  readonly example: string
  /** Where these mean something else than `usualMeanings`. */
  readonly exitCodes?: Partial<Record<ExitCode, string>>
  readonly options: O
  /** False: it looks at no home, and has no --home. */
  readonly hasHome?: boolean
  /** Prints what it has to say. What it throws is shown, and has an exit code by `exitCodeOf`. */
  run(invocation: Invocation<O>): Promise<ExitCode>
}

/** Commands that belong together: `castellan user add`, `castellan user list`. */
export interface Group {
  readonly name: string
  readonly summary: string
  readonly commands: readonly Command[]
  /** The one that runs where none is named. */
  readonly usual?: Command
}

export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command
}
