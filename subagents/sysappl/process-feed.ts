/** What this module needs of the scan of the machine's processes, which it does not do itself. */
import type { Octets } from '../../lib/text/octets.ts'

export interface RunningProcess {
  readonly pid: number
  readonly state: {
    readonly name: Octets
    /** One letter of the kernel's (proc(5)). */
    readonly state: string
    readonly parentPid: number
    readonly threadCount: number
    readonly cpuTicks: number
    /** Hundredths of a second after the machine started: with the PID it names one process for good. */
    readonly startTicks: number
    readonly residentPages: number
  }
  /** Arguments each with a NUL behind; empty for threads of the kernel. */
  readonly commandLine: Octets
  /** Where its program is, when that may be seen. */
  readonly executable: Octets | undefined
}

export interface ProcessFeed {
  listen(listener: { ended(process: RunningProcess): void; listed(): void }): void
  processes(): Iterable<RunningProcess>
  /** When the machine was started, in milliseconds since 1970. */
  bootMs(): number | undefined
  userOf(pid: number): number | undefined
  regularFilesOf(pid: number): number | undefined
}
