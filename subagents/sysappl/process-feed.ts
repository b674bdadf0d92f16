/** What this module wants of whoever scans the processes of the machine, for it does not scan them itself. */

export interface RunningProcess {
  readonly pid: number
  readonly state: {
    readonly name: string
    /** One letter of the kernel's (proc(5)). */
    readonly state: string
    readonly parentPid: number
    readonly cpuTicks: number
    /** Hundredths of a second after the machine started: with the PID it names one process for good. */
    readonly startTicks: number
    readonly residentPages: number
  }
  /** Arguments each with a NUL behind; empty for threads of the kernel. */
  readonly commandLine: string
  /** Where its program is, when that may be seen. */
  readonly executable: string | undefined
}

export interface ProcessFeed {
  listen(listener: { ended(process: RunningProcess): void; listed(): void }): void
  processes(): Iterable<RunningProcess>
  /** When the machine was started, in milliseconds since 1970. */
  bootMs(): number | undefined
  userOf(pid: number): number | undefined
  regularFilesOf(pid: number): number | undefined
}
