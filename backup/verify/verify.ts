/** Reads a whole set and compares it with what is signed; writes nothing. */
import { messageOf } from '../../lib/errors.ts'
import { ArchiveError } from '../archive/archive-error.ts'
import { readOnly } from '../archive/read-archive.ts'
import type { Progress, ReportLog } from '../archive/report.ts'
import type { Device } from '../device/device.ts'
import { openSet, type Trust } from '../restore/open-set.ts'
import { stage } from '../restore/stage.ts'

export interface VerifyOptions {
  readonly device: Device
  readonly set: string
  readonly trust: Trust
  readonly identities: readonly string[]
  readonly progress: Progress
  readonly log: ReportLog
  readonly signal: AbortSignal
}

/** Gives the nodes whose archives are whole. Throws ArchiveError with all that are not, or DeviceError. */
export async function verifySet(options: VerifyOptions): Promise<string[]> {
  const { device, progress, log, signal } = options
  const set = await openSet(device, options.set, options.trust, signal)
  const nodes = set.list.nodes.flatMap(({ node, archive }) => (archive ? [{ node, archive }] : []))
  progress.expect(
    [],
    nodes.reduce((sum, { archive }) => sum + archive.octets, 0),
  )
  const refused: string[] = []
  for (const { node, archive } of nodes) {
    try {
      const manifest = await stage({ ...options, set, node }, readOnly)
      const count = manifest.components.reduce((sum, { entries }) => sum + entries.length, 0)
      log.info(`${archive.name} is whole: ${count} entries, ${archive.octets} octets`)
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error
      log.error(`${archive.name}: ${messageOf(error)}`)
      refused.push(`${archive.name}: ${error.message}`)
    }
  }
  if (refused.length > 0) throw new ArchiveError('damaged', refused.join('; '))
  return nodes.map(({ node }) => node)
}
