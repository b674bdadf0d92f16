/** hrSystem: the machine's up time, users and limits. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { cutOctets, trimOctets } from '../../lib/text/octets.ts'
import type { hrSystem } from './mib.ts'
import type { Source } from './source.ts'
import { isUserSession, parseUtmp } from './users.ts'

/** Of /proc/uptime, in hundredths of a second; undefined when it is not of its form. */
export function parseUptime(text: string): number | undefined {
  const seconds = /^(\d+\.\d+) /.exec(text)?.[1]
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 100)
}

/** `loadDevice` is hrDeviceIndex of the disk that the root is on. */
export function readSystem(source: Source, loadDevice: number | undefined): RowOf<typeof hrSystem> {
  return {
    ...(loadDevice === undefined ? {} : { hrSystemInitialLoadDevice: loadDevice }),
    hrSystemInitialLoadParameters: cutOctets(trimOctets(source.read('/proc/cmdline') ?? ''), 128),
    hrSystemNumUsers: countUsers(source),
    hrSystemMaxProcesses: maxProcesses(source),
  }
}

function countUsers(source: Source): number {
  const utmp = source.read('/run/utmp')
  if (utmp !== undefined) {
    const isThere = (pid: number): boolean => source.read(`/proc/${pid}/stat`) !== undefined
    return parseUtmp(Buffer.from(utmp, 'latin1')).filter(isThere).length
  }
  const folder = '/run/systemd/sessions'
  const files = (source.names(folder) ?? []).filter((name) => !name.endsWith('.ref'))
  return files.filter((name) => isUserSession(source.read(`${folder}/${name}`) ?? '')).length
}

/** The kernel refuses the process that would have no PID, or be one thread too many; 0 when it does not say. */
function maxProcesses(source: Source): number {
  const limits = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max']
    .map((path) => Number(source.read(path)))
    .filter((limit) => limit > 0)
  return limits.length > 0 ? Math.min(...limits) : 0
}
