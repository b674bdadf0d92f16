/** The tape drives of this machine, as drsDeviceTapeId names them. */
import { readdir } from 'node:fs/promises'
import { isMissing } from '../../../lib/errors.ts'

/** Paths of the drives that do not rewind themselves (st(4)), such as `/dev/nst0`. */
export async function tapeDrives(folder = '/sys/class/scsi_tape'): Promise<string[]> {
  try {
    return drivesIn(await readdir(folder))
  } catch (error) {
    if (isMissing(error)) return [] // no driver for tapes is loaded
    throw error
  }
}

/** Of `nst0`, `nst0a`, `st0` and so on, one for each drive: the others are the same with other modes. */
export function drivesIn(names: readonly string[]): string[] {
  return names
    .filter((name) => /^nst\d+$/.test(name))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((name) => `/dev/${name}`)
}
