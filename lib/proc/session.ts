/** A session of processes (setsid(2)): who belongs to it, and signals to all of them. */

import { readFileSync } from 'node:fs'
import { isDenied } from '../errors.ts'
import { hasEnded, type ProcessIdentity } from './process.ts'
import { listPids, readStat } from './processes.ts'

/**
 * What is left of a session, zombies left out; `isStopped` says that a signal stopped it, or that it waits in the kernel
 * where a signal reaches it only afterwards: after vfork(2) for a child that is stopped itself, above all.
 */
export interface SessionMember {
  readonly pid: number
  readonly groupId: number
  readonly isStopped: boolean
}

export type Leader = Pick<ProcessIdentity, 'pid' | 'startTicks'>

/** A child that leads a session; its end, if it has come, must not have been read yet, for then it is not there any more. */
export function sessionLeader(pid: number): Leader {
  const stat = readStat(pid)
  if (!stat) throw new Error(`the child ${pid} is not in /proc; is /proc mounted?`)
  return { pid, startTicks: stat.startTicks }
}

/**
 * Who lives in the session that this process began, itself included. The kernel gives a number to no other process while
 * a group or session bears it; so when it is another process's now, nothing of the session is left.
 */
export function sessionMembers(leader: Leader): SessionMember[] {
  const members: SessionMember[] = []
  for (const pid of listPids()) {
    const stat = statOf(pid)
    if (stat?.sessionId !== leader.pid) continue
    if (stat.pid === leader.pid && stat.startTicks !== leader.startTicks) return []
    if (hasEnded(stat)) continue
    members.push({ pid: stat.pid, groupId: stat.groupId, isStopped: /[TtD]/.test(stat.state) })
  }
  return members
}

/** Signals every group of the session, and gives how many processes it had. A group is signalled whole, even one that forks. */
export function signalSession(leader: Leader, signal: NodeJS.Signals): number {
  const members = sessionMembers(leader)
  for (const groupId of new Set(members.map((member) => member.groupId))) {
    try {
      process.kill(-groupId, signal)
    } catch {
      // ESRCH: it ended since we looked
    }
  }
  return members.length
}

/**
 * The number that the kernel gave to the newest process or thread (proc(5), loadavg). Numbers are given in order, so that
 * two readings tell how many can have been born between them, unless numbers began again: then the later one is lower.
 */
export function newestPid(): number {
  return Number(readFileSync('/proc/loadavg', 'latin1').trim().split(' ').at(-1))
}

/** With hidepid others cannot be looked at: they are of other users, and of no session of ours. */
function statOf(pid: number): ReturnType<typeof readStat> {
  try {
    return readStat(pid)
  } catch (error) {
    if (isDenied(error)) return undefined
    throw error
  }
}
