/**
 * What supervision asks of the machine: to start processes, to look at them and to signal them. Tests have one in memory; the real one
 * is in linux-host.ts. Looks throw where nobody can tell, which is not the same as finding nothing.
 */
import type { ProcessIdentity, ProcessStat } from '../../../lib/proc/process.ts'
import type { ProgramExit } from '../../../lib/program/exit.ts'
import type { Outcome } from '../../../lib/program/run.ts'
import type { Argv } from '../../../lib/program/start.ts'
import type { ParsedCommand } from '../../../lib/text/command.ts'
import type { ExitStatus } from './exit-status.ts'

export type Variables = Readonly<Record<string, string>>

/** A command of a row, or systemctl in its place. */
export interface ProcessCommand {
  /** For people who may not see the command: its program without arguments, in which passwords may stand. */
  readonly text: string
  readonly parsed: ParsedCommand
  /** systemctl, which only asks systemd; a command of a row may start or stop anything on the machine. */
  readonly asksSystemd: boolean
}

/** A start command that was called. lib/program's Program is one. */
export interface StartedProgram {
  /** Undefined: it could not be started, and `exited` says why. */
  readonly pid: number | undefined
  readonly exited: Promise<ProgramExit>
  readonly isRunning: boolean
  /** How many processes its session has, also after its own end. */
  remaining(): number
  /** It may go on when this process ends. */
  unref(): void
}

export interface StartCommand {
  readonly argv: Argv
  readonly asksSystemd: boolean
  /** critAppProcName: what is printed is kept under it. */
  readonly name: string
  readonly variables: Variables
}

export interface ProcessStarter {
  /** At once, or as soon as the program has a PID. Never throws or rejects. */
  start(command: StartCommand): StartedProgram | Promise<StartedProgram>
  /** Undefined when the command ended with 0; else what went wrong. Never rejects. */
  run(
    command: ProcessCommand,
    options: { readonly limitMs: number; readonly variables?: Variables },
  ): Promise<string | undefined>
  /** What systemctl answers. Never rejects. */
  ask(command: ParsedCommand, limitMs: number): Promise<Outcome>
}

/** Of a single process, as far as the search for a row's process has to know it. */
export interface ProcessLooks {
  ageMs(identity: Pick<ProcessIdentity, 'startTicks'>): number
  /** A variable of its first environment. */
  environmentOf(pid: number, variable: string): string | undefined
  /** The name of the file that it executes; undefined where that cannot be seen. */
  programNameOf(pid: number): string | undefined
}

export interface ProcessView extends ProcessLooks {
  /** All that run, but for this process itself. */
  processes(): readonly ProcessStat[]
  read(pid: number): ProcessStat | undefined
  /** True also where it cannot be looked at, as long as the kernel knows its PID. */
  isRunning(identity: ProcessIdentity): boolean
  /** Whether a row of this name may take the process for its own. */
  mayBeOfRow(process: ProcessStat, name: string): boolean
  /** The process that the PID file of this name means, if that very one runs. */
  readPidFile(name: string): ProcessIdentity | undefined
  /** Calls back with the NAME of every PID file that comes or changes, where that can be watched. */
  watchPidFiles(written: (name: string) => void): { close(): void }
  /** How a process ended that was no child; `name` is given where its PID file named it. */
  exitStatusOf(identity: ProcessIdentity, name: string | undefined): ExitStatus
  /** The processes of a control group; none where there is no such group. */
  pidsOfControlGroup(controlGroup: string): readonly number[]
}

export interface ProcessSignals {
  /** To the whole group where the process leads one, and never to another process of its PID. What cannot be signalled is logged. */
  signal(process: ProcessIdentity, signal: NodeJS.Signals): void
  /** Workers that outlived their parent, the leader of this group. */
  killGroup(groupId: number): void
}

/** What started programs print. */
export interface ProcessOutput {
  /** The last lines that say something, at most so many, oldest first. */
  lastLines(name: string, count: number): readonly string[]
  /** The last line, or why nothing could be kept. */
  lastLine(name: string): string
  /** Keeps it within its bound; what is in the way is logged. */
  boundOutput(name: string): void
}

export interface ProcessHost extends ProcessStarter, ProcessView, ProcessSignals, ProcessOutput {
  /** Makes room for what is printed. */
  begin(): void
  end(): void
}
