/** Opens the list of a set on a device, and believes it only where it is of this version and of a key that is trusted. */
import type { KeyObject } from 'node:crypto'
import { formatSetName, parseStoredName, type SetName } from '../../lib/backup/set-name.ts'
import { ArchiveError } from '../archive/archive-error.ts'
import { type ListedArchive, type ListedNode, openSetList, type SetList } from '../archive/set-list.ts'
import { fingerprintOf, keyOfText } from '../archive/signature.ts'
import type { Device } from '../device/device.ts'

export interface Trust {
  /** This home's own; undefined where there is none, as on a bare machine. */
  readonly signer?: KeyObject
  /** `SHA256:…`, from a recovery sheet. */
  readonly fingerprint?: string | undefined
}

export interface OpenedSet {
  readonly list: SetList
  readonly name: string
}

/** A list of a thousand nodes. */
const mostListOctets = 16 * 1024 * 1024

/** Throws ArchiveError where it is refused, or DeviceError. */
export async function openSet(device: Device, name: string, trust: Trust, signal: AbortSignal): Promise<OpenedSet> {
  const octets = await readAll(device, `${name}.set`, signal)
  const { list, signer } = openSetList(octets)
  if (formatSetName(list) !== name)
    throw new ArchiveError('notListed', `the list ${name}.set is of another set: ${formatSetName(list)}`)
  if (!isTrusted(signer, trust))
    throw new ArchiveError(
      'notSigned',
      `the set was signed by the key ${fingerprintOf(signer)}, which is not the one that is trusted${
        trust.fingerprint === undefined ? '' : ` (${trust.fingerprint})`
      }; compare it with the recovery sheet of the machine that made it, and give it with --fingerprint`,
    )
  return { list, name }
}

/** Those with a list, the newest first. */
export async function completeSets(device: Device, signal: AbortSignal): Promise<readonly SetName[]> {
  const stored = (await device.list(signal)).map(({ name }) => parseStoredName(name))
  return stored.flatMap((one) => (one?.kind === 'list' ? [one.set] : [])).toSorted((a, b) => b.timeMs - a.timeMs)
}

/** Throws ArchiveError where the versions differ, end to end. */
export function requireVersion(found: string, version: string, what: string): void {
  if (found === version) return
  throw new ArchiveError(
    'version',
    `${what} is of Castellan ${found}, and this is ${version}: only the same version restores it; install ${found}, or say that any version may be restored, which may leave configuration and data that this version does not understand`,
  )
}

export function archiveOf(
  { list, name }: OpenedSet,
  node: string,
): { readonly listed: ListedNode; readonly archive: ListedArchive } {
  const listed = list.nodes.find((one) => one.node === node)
  const archive = listed?.archive
  if (listed && archive) return { listed, archive }
  const names = list.nodes.flatMap((one) => (one.archive ? [one.node] : []))
  throw new ArchiveError(
    'notListed',
    `the set ${name} has no archive of node ${node}; it has those of ${names.join(', ')}`,
  )
}

/** The key of a node's manifest, which the signed list names. */
export const signerOf = ({ signingKey }: ListedNode): KeyObject => keyOfText(signingKey)

function isTrusted(signer: KeyObject, trust: Trust): boolean {
  if (trust.fingerprint !== undefined) return fingerprintOf(signer) === trust.fingerprint
  return trust.signer !== undefined && fingerprintOf(signer) === fingerprintOf(trust.signer)
}

async function readAll(device: Device, name: string, signal: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = []
  let octets = 0
  for await (const piece of device.read(name, 0, signal)) {
    octets += piece.length
    if (octets > mostListOctets) throw new ArchiveError('damaged', `${name} is too large for the list of a set`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
