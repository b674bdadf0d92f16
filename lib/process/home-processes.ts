/** The processes of a home, as /proc has them: known by their command lines from the moment they are started. */
import { domains, type Home } from '../home/home.ts'
import { cgroupsOf, type ProcessIdentity, readEnvironment, visibleProcesses } from '../proc/process.ts'
import { daemonOf, isPartOf, type Part, partOf } from './daemon-identity.ts'

export interface HomeProcess extends ProcessIdentity {
  readonly part: Part
  /** Its PID file names it, which a daemon writes when it serves. */
  readonly isServing: boolean
  /** `castellan start` started it, as opposed to systemd or a person. */
  readonly isOfStarter: boolean
  /** The systemd unit that runs it, and would start it again. */
  readonly unit: string | undefined
}

/** Tells a daemon the PID of the `castellan start` that started it, and us whose the daemon is. */
export const starterVariable = 'CASTELLAN_STARTER'

/**
 * All processes of this home; a daemon that only checks files is none. Throws HomeError (4) where this user may not see whether
 * a daemon runs.
 */
export function processesOf(home: Home): HomeProcess[] {
  const serving = new Set(domains.map((name) => daemonOf(home, name)?.pid))
  return visibleProcesses().flatMap((process) => {
    const part = partOf(process.command)
    if (!part || !isPartOf(home, part, process)) return []
    const { pid, startTicks, command } = process
    const isOfStarter = (readEnvironment(pid, starterVariable) ?? '') !== ''
    const unit = unitIn(cgroupsOf(pid))
    return [{ pid, startTicks, command, part, isServing: serving.has(pid), isOfStarter, unit }]
  })
}

/** The unit of ours in the text of /proc/PID/cgroup (cgroups(7)). */
export function unitIn(cgroups: string): string | undefined {
  return /\/(castellan-(?:agent|subagents|console)(?:@[^/\n]*)?\.service)$/m.exec(cgroups)?.[1]
}
