/** The processes of this machine, by lib/program and lib/proc. */
import { closeSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isMissing, messageOf } from '../../../lib/errors.ts'
import { readPidFile } from '../../../lib/files/pid-file.ts'
import type { Log } from '../../../lib/log/log.ts'
import { boundOutput, openOutput } from '../../../lib/log/output-file.ts'
import { isAbsence } from '../../../lib/proc/file.ts'
import {
  ageMs,
  executableOf,
  isRunning,
  type ProcessIdentity,
  type ProcessStat,
  readEnvironment,
  readProcess,
  visibleProcesses,
} from '../../../lib/proc/process.ts'
import { sendSignalToGroup } from '../../../lib/proc/signal.ts'
import { SpareDescriptors } from '../../../lib/process/spare-descriptors.ts'
import { lastLine, lastLines } from '../../../lib/program/last-words.ts'
import { type Launcher, ownLauncher } from '../../../lib/program/launcher.ts'
import type { Outcome } from '../../../lib/program/run.ts'
import type { ParsedCommand } from '../../../lib/text/command.ts'
import { ensureFolderSync } from '../../../lib/trust/folder.ts'
import { type ExitStatus, exitStatusOf } from './exit-status.ts'
import { killGroup } from './kill-group.ts'
import { watchPidFiles } from './pid-files.ts'
import type { ProcessCommand, ProcessHost, StartCommand, StartedProgram, Variables } from './process-host.ts'
import { runForAnswer, runToEnd } from './run.ts'
import { mayBeOfRow } from './trust.ts'

export interface LinuxHostOptions {
  readonly log: Log
  /** Where NAME.pid may be, and the folders of such files, which are watched. */
  readonly pidFileOf: (name: string) => string
  readonly pidFolders: readonly string[]
  /** Where output of started processes goes. */
  readonly outputFolder: string
  /** Of commands that may start or stop anything on the machine; children by default. */
  readonly launcher?: Launcher
}

/** Enough for a scan of /proc, and for the pipes of a command that is started. */
const spareDescriptors = 6
const longestAnswerOctets = 1024 * 1024

export class LinuxHost implements ProcessHost {
  readonly #options: LinuxHostOptions
  readonly #launcher: Launcher
  /** Whoever supervises must be able to look, to start and to stop when no descriptor is left. */
  readonly #spare = new SpareDescriptors(spareDescriptors)
  readonly #outputComplaints = new Map<string, string>()

  constructor(options: LinuxHostOptions) {
    this.#options = options
    this.#launcher = options.launcher ?? ownLauncher
  }

  begin(): void {
    const { outputFolder, log } = this.#options
    try {
      ensureFolderSync(outputFolder)
    } catch (error) {
      log.error('cannot keep what processes print', { outputFolder, error })
    }
  }

  end(): void {
    this.#spare.release()
  }

  start(command: StartCommand): StartedProgram | Promise<StartedProgram> {
    return this.#spare.lend(() => this.#spawn(command))
  }

  #spawn({ argv, asksSystemd, name, variables }: StartCommand): StartedProgram | Promise<StartedProgram> {
    const output = this.#openOutput(name)
    const close = (): void => {
      if (output !== undefined) closeSync(output)
    }
    const program = this.#launcherOf(asksSystemd).start({ argv, variables, output: output ?? 'none' })
    if (program instanceof Promise) return program.finally(close)
    close()
    return program
  }

  async run(
    { parsed, asksSystemd }: ProcessCommand,
    options: { readonly limitMs: number; readonly variables?: Variables },
  ): Promise<string | undefined> {
    return runToEnd(parsed, { ...options, spare: this.#spare, launcher: this.#launcherOf(asksSystemd) })
  }

  async ask(command: ParsedCommand, limitMs: number): Promise<Outcome> {
    return runForAnswer(command, { limitMs, maxOctets: longestAnswerOctets, spare: this.#spare })
  }

  /** A row's own commands have none of the limits of this process. */
  #launcherOf(asksSystemd: boolean): Launcher {
    return asksSystemd ? ownLauncher : this.#launcher
  }

  processes(): readonly ProcessStat[] {
    return this.#spare.retry(() => visibleProcesses().filter(({ pid }) => pid !== process.pid))
  }

  read(pid: number): ProcessStat | undefined {
    return this.#spare.retry(() => readProcess(pid))
  }

  isRunning(identity: ProcessIdentity): boolean {
    return isRunning(identity)
  }

  ageMs(identity: Pick<ProcessIdentity, 'startTicks'>): number {
    return this.#spare.retry(() => ageMs(identity))
  }

  environmentOf(pid: number, variable: string): string | undefined {
    return this.#spare.retry(() => readEnvironment(pid, variable))
  }

  programNameOf(pid: number): string | undefined {
    try {
      const path = executableOf(pid)
      return path === undefined ? undefined : basename(path)
    } catch {
      return undefined // it is another user's
    }
  }

  mayBeOfRow(process: ProcessStat, name: string): boolean {
    const { pidFileOf } = this.#options
    return this.#spare.retry(() => mayBeOfRow(process, { name, pidFileOf }))
  }

  readPidFile(name: string): ProcessIdentity | undefined {
    return this.#spare.retry(() => readPidFile(this.#options.pidFileOf(name)))
  }

  watchPidFiles(written: (name: string) => void): { close(): void } {
    const { pidFolders, log } = this.#options
    const watched = pidFolders.flatMap((folder) => watchPidFiles(folder, log, written) ?? [])
    return {
      close() {
        for (const one of watched) one.close()
      },
    }
  }

  exitStatusOf(identity: ProcessIdentity, name: string | undefined): ExitStatus {
    return exitStatusOf({ identity, pidFile: name === undefined ? undefined : this.#options.pidFileOf(name) })
  }

  pidsOfControlGroup(controlGroup: string): readonly number[] {
    return this.#spare.retry(() => pidsOf(controlGroup))
  }

  signal(process: ProcessIdentity, signal: NodeJS.Signals): void {
    try {
      this.#spare.retry(() => sendSignalToGroup(process, signal))
    } catch (error) {
      this.#options.log.warn('a process could not be signalled', { pid: process.pid, signal, error })
    }
  }

  killGroup(groupId: number): void {
    try {
      this.#spare.retry(() => killGroup(groupId))
    } catch (error) {
      this.#options.log.warn('cannot look whether a process left others behind, which go on then', { groupId, error })
    }
  }

  lastLines(name: string, count: number): readonly string[] {
    return lastLines(this.#outputPath(name), count)
  }

  lastLine(name: string): string {
    return lastLine(this.#outputPath(name))
  }

  /** It is logged once, until it is another complaint. */
  boundOutput(name: string): void {
    const path = this.#outputPath(name)
    try {
      this.#spare.retry(() => boundOutput(path))
      this.#outputComplaints.delete(path)
    } catch (error) {
      if (isMissing(error) || this.#outputComplaints.get(path) === messageOf(error)) return
      this.#outputComplaints.set(path, messageOf(error))
      this.#options.log.warn('cannot bound what a process prints', { name, path, error })
    }
  }

  /** A disk without room for what it prints is no reason not to start it. */
  #openOutput(name: string): number | undefined {
    const path = this.#outputPath(name)
    try {
      return openOutput(path)
    } catch (error) {
      this.#options.log.warn('cannot keep what a process prints', { name, path, error })
      return undefined
    }
  }

  /** Two names never share a file. */
  #outputPath(name: string): string {
    return join(this.#options.outputFolder, `${encodeURIComponent(name)}.out`)
  }
}

/** The hierarchy is mounted at one of these, by the version of cgroups (cgroups(7)). */
const hierarchies = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']

function pidsOf(controlGroup: string): number[] {
  if (controlGroup === '') return []
  for (const hierarchy of hierarchies) {
    try {
      return readFileSync(`${hierarchy}${controlGroup}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number)
    } catch (error) {
      if (!isAbsence(error)) throw error
      // Not this one.
    }
  }
  return []
}
