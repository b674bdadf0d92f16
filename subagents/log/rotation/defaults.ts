/** The logs that are rotated unless something else is said, and what is kept of them. */
import { join } from 'node:path'
import { foldersOf, type Home } from '../../../lib/home/home.ts'
import type { DaemonName } from '../../../lib/process/daemon.ts'
import { daemonOf } from '../../../lib/process/daemon-identity.ts'
import { type LogOwner, type RotationPolicy, realLogPath } from './policy.ts'

/** At which size the seed has its log agent speak of a log of sipd. */
const maxOctets = 5_000_000
const keep = { files: 20, octets: 50_000_000, seconds: 90 * 86_400 } as const
/** Below this much free disk the oldest rotated logs go, whatever else is kept. */
export const defaultFloorOctets = 100_000_000

const rotated: readonly { readonly file: string; readonly daemon: DaemonName }[] = [
  { file: 'error_log', daemon: 'sipd' },
  { file: 'access_log', daemon: 'sipd' },
  { file: 'stats_log', daemon: 'sipd' },
  { file: 'sharedmem_stats_log', daemon: 'sipd' },
  { file: 'agent.log', daemon: 'agent' },
  { file: 'subagents.log', daemon: 'subagents' },
  { file: 'console.log', daemon: 'console' },
]

export function defaultPolicies(home: Home): RotationPolicy[] {
  return rotated.map(({ file, daemon }) => ({
    name: file,
    path: join(foldersOf(home, daemon).logs, file),
    maxOctets,
    keep,
    compress: true,
    owner: daemonOwner(home, daemon),
  }))
}

/** Who writes a log of this appliance; nobody that could be asked for all others. */
export function ownerOf(home: Home, path: string): LogOwner {
  const found = defaultPolicies(home).find((policy) => realLogPath(policy.path) === realLogPath(path))
  return found?.owner ?? { kind: 'nobody' }
}

/** Where the state of rotations is. */
export function rotationStatePath(home: Home): string {
  return join(foldersOf(home, 'subagents').data, 'rotation.json')
}

function daemonOwner(home: Home, name: DaemonName): LogOwner {
  return { kind: 'daemon', name, find: () => daemonOf(home, name), signal: 'SIGUSR2' }
}
