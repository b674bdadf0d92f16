/** What daemons say of their own files, and what they would not believe: each file is read with the rights of who reads it on a start. */
import { join } from 'node:path'
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { type Domain, domains, type Home } from '../../lib/home/home.ts'
import { domainMistakes, programMistakes } from '../../lib/home/home-trust.ts'
import { isLaidOut, readerOf } from '../../lib/home/layout.ts'
import { daemonArgv } from '../../lib/process/daemon.ts'
import { describeExit, isSuccess, type ProgramExit } from '../../lib/program/exit.ts'
import { runProgram } from '../../lib/program/run.ts'
import { programRoot } from '../../lib/program-root.ts'
import type { Owner } from '../../lib/users/owner.ts'
import { inspectStart } from '../../sipd/control/obstacles.ts'
import { type Finding, fromComplaint } from './finding.ts'

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
    const { complaints, warnings } = await inspectStart(home)
    return [...complaints, ...warnings].map(fromComplaint)
  }
  const argv = [join(programRoot, 'bin', 'sip'), 'check', '--json', '--home', home.root] as const
  const { exit, output, errors } = await runProgram({ argv, asUser, ...limits })
  try {
    const said: unknown = JSON.parse(output)
    return [...complaintsIn(said, 'complaints'), ...complaintsIn(said, 'warnings')].map(fromComplaint)
  } catch {
    return failed('sipd', exit, errors)
  }
}

/** Its files as it would read them on a start. */
export async function askDaemon(name: Exclude<Domain, 'sipd'>, home: Home): Promise<Finding[]> {
  const asUser = userOf(home, name)
  const { exit, output, errors } = await runProgram({ argv: [...daemonArgv(name, home), '--check'], asUser, ...limits })
  if (isSuccess(exit)) return complaintsIn({ complaints: JSON.parse(output) }, 'complaints').map(fromComplaint)
  return failed(name, exit, errors)
}

function failed(name: Domain, exit: ProgramExit, errors: string): Finding[] {
  const said = errors.trim() || `the ${name} ${describeExit(exit)}`
  return said.split('\n').map((message) => ({ severity: 'error', message }))
}

/** Of what a process of ours printed. Throws when it is something else. */
function complaintsIn(said: unknown, key: string): Complaint[] {
  const found: unknown =
    typeof said === 'object' && said !== null ? Object.entries(said).find(([name]) => name === key)?.[1] : undefined
  if (!Array.isArray(found) || !found.every(isComplaint))
    throw new Error(`expected ${key}, got ${JSON.stringify(said)}`)
  return found
}

function isComplaint(value: unknown): value is Complaint {
  return typeof value === 'object' && value !== null && 'message' in value && 'file' in value && 'line' in value
}
