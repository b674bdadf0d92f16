/** What a command of `sip` is, and how one ends. */
import type { Home } from '../../lib/home/home.ts'

/** The same for all tools of the appliance. */
export const exitCodes = { ok: 0, error: 1, usage: 2, noAnswer: 3, refused: 4 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Options that some commands have, beside --home, --help and --version. */
export interface CommandOptions {
  readonly json: boolean
  readonly tcp: boolean
  readonly tls: boolean
  readonly wait: boolean
  readonly uri: string | undefined
  readonly ca: string | undefined
  readonly fingerprint: string | undefined
  readonly timeout: string | undefined
}
export type OptionName = keyof CommandOptions

export interface Invocation {
  readonly home: Home
  /** The words after the command. */
  readonly operands: readonly string[]
  readonly options: CommandOptions
}

export interface Command {
  readonly name: string
  /** As the usage shows it after the name: `SECONDS 1|2`. */
  readonly synopsis: string
  readonly help: string
  readonly operandCount: number
  /** How many more there may be. */
  readonly optionalOperands?: number
  readonly options: readonly OptionName[]
  /** Whether it can do without a home; such a command may look at `home` only where the user gives nothing better. */
  readonly needsNoHome?: boolean
  /** Prints what it has to say; throws a CommandFailure when it does not work. */
  run(invocation: Invocation): Promise<ExitCode>
}

/** Ends the command with a sentence on standard error and an exit code. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = exitCodes.error) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The value of --timeout in milliseconds. */
export function timeoutMs({ timeout }: CommandOptions, defaultSeconds: number): number {
  const seconds = timeout === undefined ? defaultSeconds : Number(timeout)
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000
  throw new CommandFailure(`--timeout is to be seconds within 0..86400, not ${timeout}`, exitCodes.usage)
}
