/** What a rotation policy says: which log, when it is moved aside, who writes it, and what is kept of it. */
import { basename, dirname, resolve } from 'node:path'
import { parseRotatedName } from '../../../lib/follow/rotated-name.ts'
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import { Folder } from '../../../lib/trust/folder.ts'

/** Who writes a log, and so has to be asked to reopen it when it was renamed. */
export type LogOwner =
  /** A daemon that opens its logs again on a signal. */
  | {
      readonly kind: 'daemon'
      readonly name: string
      /** Its process, if it runs. Throws where that cannot be known. */
      readonly find: () => ProcessIdentity | undefined
      readonly signal: NodeJS.Signals
    }
  /** Nobody who could be asked: processes that have it open are waited for. */
  | { readonly kind: 'nobody' }

/** Bounds of what is kept beside the live file; each counts alone, and none means no bound. */
export interface Retention {
  readonly files?: number
  readonly octets?: number
  readonly seconds?: number
}

export interface RotationPolicy {
  /** For people and commands: `access_log`. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** At this size the file is moved aside; never by size when it is left out. */
  readonly maxOctets?: number
  /** So long after the last time it is moved aside, when there is something in it; never by time when left out. */
  readonly maxSeconds?: number
  readonly keep: Retention
  readonly compress: boolean
  readonly owner: LogOwner
}

/** A policy that is not in force, and why. */
export interface RefusedPolicy {
  readonly name: string
  readonly sentence: string
}

/**
 * The policies that can be in force together. One log has one policy: of two for the same file, also by different
 * paths, the first listed is in force. A file that another policy makes is not rotated again.
 */
export function refuseOverlaps(policies: readonly RotationPolicy[]): {
  readonly inForce: readonly RotationPolicy[]
  readonly refused: readonly RefusedPolicy[]
} {
  const inForce = new Map<string, RotationPolicy>()
  const names = new Set<string>()
  const refused: RefusedPolicy[] = []
  const refuse = ({ name, path }: RotationPolicy, why: string): void => {
    refused.push({ name, sentence: `the rotation policy ${name} for ${path} is not in force: ${why}` })
  }
  for (const policy of policies) {
    const path = realLogPath(policy.path)
    const other = inForce.get(path)
    if (other) refuse(policy, `${other.name} rotates the same file and is listed before it; remove one of them`)
    else if (names.has(policy.name)) refuse(policy, 'another policy has that name; give it one of its own')
    else {
      inForce.set(path, policy)
      names.add(policy.name)
    }
  }
  for (const [path, policy] of inForce) {
    const made = [...inForce].find(([live]) => isMadeFrom(path, live))
    if (!made) continue
    refuse(policy, `the file is what ${made[1].name} leaves when it rotates; remove this policy`)
    inForce.delete(path)
  }
  return { inForce: [...inForce.values()], refused }
}

/**
 * Where a log really is: links are followed as far as there is something, and as far as nobody else could have made them. Who may
 * write the folder of logs must not lead us to files that he may not rename.
 */
export function realLogPath(path: string): string {
  try {
    const { folder, name } = Folder.locateSync(path)
    folder.close()
    return folder.pathOf(name)
  } catch {
    return resolve(path) // it is not there yet, or is refused when it is looked at
  }
}

function isMadeFrom(path: string, live: string): boolean {
  return dirname(path) === dirname(live) && parseRotatedName(basename(path), basename(live)) !== undefined
}
