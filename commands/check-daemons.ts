/** What daemons say of their own files, and what they would not believe: each file is read with the rights of who reads it on a start. */
import { join } from 'node:path'
import { type Complaint, isWarning } from '../lib/cnf/complaint.ts'
import { type Domain, domains, type Home } from '../lib/home/home.ts'
import { domainMistakes, programMistakes } from '../lib/home/home-trust.ts'
import { isLaidOut, readerOf } from '../lib/home/layout.ts'
import { daemonArgv } from '../lib/process/daemon.ts'
import { describeExit, isSuccess, type ProgramExit } from '../lib/program/exit.ts'
import { runProgram } from '../lib/program/run.ts'
import { programRoot } from '../lib/program-root.ts'
import type { Owner } from '../lib/users/owner.ts'
import { inspectConfig } from '../sipd/config/read.ts'
import type { Finding } from './check.ts'

/** What the daemons refuse to believe, or to be, when they start. */
export function untrusted(home: Home): Finding[] {
  const { uid, gid } = readerOf(home, 'subagents')
  const mistakes = domains.flatMap((domain) => domainMistakes(home, domain))
  // Two domains have the folders above in common.
  const all = new Map(
    [...mistakes, ...(uid === 0 && isLaidOut(home) ? programMistakes({ uid, gid }) : [])].map((one) => [
      one.component,
      one,
    ]),
  )
  return [...all.values()].map(({ component, sentence }) => ({
    severity: 'error',
    isRefused: true,
    file: component,
    message: sentence,
  }))
}

/** A daemon that cannot say what is wrong has ended by itself, or hangs with a disk. */
const limits = { limitMs: 60_000, maxOctets: 16 * 1024 * 1024 }

/** Whom a daemon runs as, where it is another user than who asks: what that user may not read is found so. */
function userOf(home: Home, domain: Domain): Owner | undefined {
  return process.geteuid?.() === 0 && isLaidOut(home) ? readerOf(home, domain) : undefined
}

export async function askSipd(home: Home): Promise<Finding[]> {
  const asUser = userOf(home, 'sipd')
  if (!asUser) {
    const { complaints, warnings } = inspectConfig(home)
    return [...complaints, ...warnings].map(fromComplaint)
  }
  const argv = [join(programRoot, 'bin', 'sip'), 'check', '--json', '--home', home.root] as const
  const { exit, output, errors } = await runProgram({ argv, asUser, ...limits })
  try {
    const { complaints, warnings } = JSON.parse(output) as Record<'complaints' | 'warnings', Complaint[]>
    return [...complaints, ...warnings].map(fromComplaint)
  } catch {
    return failed('sipd', exit, errors)
  }
}

/** Its files as it would read them on a start. */
export async function askDaemon(name: 'agent' | 'subagents', home: Home): Promise<Finding[]> {
  const asUser = userOf(home, name)
  const { exit, output, errors } = await runProgram({ argv: [...daemonArgv(name, home), '--check'], asUser, ...limits })
  if (isSuccess(exit)) return (JSON.parse(output) as Complaint[]).map(fromComplaint)
  return failed(name, exit, errors)
}

function failed(name: Domain, exit: ProgramExit, errors: string): Finding[] {
  const said = errors.trim() || `the ${name} ${describeExit(exit)}`
  return said.split('\n').map((message) => ({ severity: 'error', message }))
}

export function fromComplaint(complaint: Complaint): Finding {
  const { file, line, column, message, isRefused } = complaint
  const severity = isWarning(complaint) ? 'warning' : 'error'
  return { severity, file, line, column, message, ...(isRefused ? { isRefused } : {}) }
}
