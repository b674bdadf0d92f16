/** Whom a process runs as, and what it may do beyond that: /proc/PID/status (proc(5), credentials(7), capabilities(7)). */
import { textOf } from '../text/octets.ts'
import { readWhole } from './file.ts'

export interface Credentials {
  /** Real, effective, saved, and that of the file system. */
  readonly uids: readonly number[]
  readonly gids: readonly number[]
  /** Supplementary groups. */
  readonly groups: readonly number[]
  readonly permittedCapabilities: bigint
  readonly effectiveCapabilities: bigint
}

/** `thread` is one of its threads; the process itself where none is named. Undefined when it is not there. */
export function readCredentials(pid: number, thread = pid): Credentials | undefined {
  const status = readWhole(`/proc/${pid}/task/${thread}/status`)
  return status === undefined ? undefined : parseCredentials(textOf(status))
}

export function parseCredentials(status: string): Credentials {
  const words = (name: string): string[] => {
    const line = status.split('\n').find((candidate) => candidate.startsWith(`${name}:`))
    if (line === undefined) throw new Error(`/proc/PID/status has no line ${name}`)
    return line.split(/\s+/).slice(1).filter(Boolean)
  }
  const capabilities = (name: string): bigint => BigInt(`0x${words(name)[0]}`)
  return {
    uids: words('Uid').map(Number),
    gids: words('Gid').map(Number),
    groups: words('Groups').map(Number),
    permittedCapabilities: capabilities('CapPrm'),
    effectiveCapabilities: capabilities('CapEff'),
  }
}
