/** Reads a node's archive from a device into staging, and resolves only when all of it is what its signed manifest lists. */
import { ArchiveError } from '../archive/archive-error.ts'
import type { Manifest } from '../archive/manifest.ts'
import { type ArchiveVisitor, readArchive } from '../archive/read-archive.ts'
import type { Progress } from '../archive/report.ts'
import type { Device } from '../device/device.ts'
import { archiveOf, type OpenedSet, signerOf } from './open-set.ts'

export interface StageOptions {
  readonly device: Device
  readonly set: OpenedSet
  readonly node: string
  /** Of age. */
  readonly identities: readonly string[]
  readonly progress: Pick<Progress, 'advance' | 'transfer'>
  readonly signal: AbortSignal
}

/** Throws ArchiveError where anything is wrong with it, or DeviceError. */
export async function stage(options: StageOptions, visitor: ArchiveVisitor): Promise<Manifest> {
  const { device, set, node, identities, progress, signal } = options
  const { listed, archive } = archiveOf(set, node)
  const { manifest, octets, sha256 } = await readArchive(
    counted(device.read(archive.name, 0, signal), progress),
    { identities, signers: [signerOf(listed)], signal, mostTarOctets: archive.tarOctets },
    visitor,
  )
  if (octets !== archive.octets || sha256 !== archive.sha256)
    throw new ArchiveError('damaged', `${archive.name} is not the archive that the list of its set names`)
  const { version, timeMs } = set.list
  if (manifest.node !== node || manifest.version !== version || manifest.timeMs !== timeMs)
    throw new ArchiveError('notListed', `${archive.name} is of another set, or of another node`)
  return manifest
}

async function* counted(
  octets: AsyncIterable<Buffer>,
  progress: Pick<Progress, 'advance' | 'transfer'>,
): AsyncGenerator<Buffer> {
  for await (const piece of octets) {
    progress.advance(piece.length)
    progress.transfer(piece.length)
    yield piece
  }
}
