/** /proc/PID/stat (proc(5)), parsed once for all. */
import type { Octets } from '../text/octets.ts'

export interface ProcStat {
  readonly pid: number
  /** At most fifteen octets; it may contain blanks and parentheses. */
  readonly name: Octets
  /** One letter of the kernel's. */
  readonly state: string
  readonly parentPid: number
  readonly groupId: number
  readonly sessionId: number
  readonly isKernelThread: boolean
  /** User and system time of all its threads, in hundredths of a second. */
  readonly cpuTicks: number
  /** Those that have ended are not counted, a main thread that waits for the others is. */
  readonly threadCount: number
  /** Hundredths of a second after boot: with the PID it names one process for good. */
  readonly startTicks: number
  readonly residentPages: number
  /** In the form of waitpid(2) once the process has ended; 0 also for who may not see it. */
  readonly waitStatus: number
}

const kernelThreadFlag = 0x0020_0000 // PF_KTHREAD

/** Parses /proc/PID/stat; throws where the text is not of its form. */
export function parseProcStat(text: Octets): ProcStat {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  if (open < 0 || close < open || fields.length < 22) throw new Error(`not of the form of /proc/PID/stat: ${text}`)
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    sessionId: Number(fields[3]),
    isKernelThread: (Number(fields[6]) & kernelThreadFlag) !== 0,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    threadCount: Number(fields[17]),
    startTicks: Number(fields[19]),
    residentPages: Number(fields[21]),
    waitStatus: Number(fields[49] ?? 0),
  }
}

/** Field 52, with which a zombie says how it ended; 0 also for who may not see it, so that says nothing. */
export function parseWaitStatus(text: Octets, startTicks: number): number | undefined {
  const found = parseProcStat(text)
  return found.state === 'Z' && found.startTicks === startTicks && found.waitStatus > 0 ? found.waitStatus : undefined
}
