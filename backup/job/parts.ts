/** What the list of a set says of the other nodes: only what is really on the device counts. */
import { archiveNameOf, type SetName } from '../../lib/backup/set-name.ts'
import type { ListedNode } from '../archive/set-list.ts'
import type { Device } from '../device/device.ts'
import type { NodeOutcome } from '../node/run-tasks.ts'
import type { StatusFile } from './status.ts'

export interface PartsOptions {
  readonly set: SetName
  readonly device: Device
  readonly outcomes: readonly NodeOutcome[]
  readonly status: StatusFile
  readonly signal: AbortSignal
}

export async function partsOf({ set, device, outcomes, status, signal }: PartsOptions): Promise<ListedNode[]> {
  const isAny = outcomes.some(({ part }) => part !== undefined)
  const files = new Map((isAny ? await device.list(signal) : []).map(({ name, octets }) => [name, octets]))
  return outcomes.map((outcome): ListedNode => {
    const { node, part } = outcome
    if (!part) return missing(node, `${outcome.state}: ${outcome.error}`)
    const { octets, sha256, tarOctets, features, signingKey, isPartial } = part
    const name = archiveNameOf(set, node)
    if (files.get(name) === octets) {
      const archive = { name, octets, sha256, tarOctets }
      return { node, result: isPartial ? 'partial' : 'complete', features, archive, signingKey, error: outcome.error }
    }
    // A folder of the same name on the other machine is another folder.
    const error = `${node} wrote ${name} (${octets} octets), which is not on ${device.name} as this node sees it; use a network device, or mount the same directory on both`
    status.alarm('backupDeviceError', node, error)
    status.node({ node, state: 'failed', percent: 100, component: '', error })
    return missing(node, error)
  })
}

const missing = (node: string, error: string): ListedNode => ({
  ...{ node, result: 'missing', features: [], signingKey: '', error },
})
