/** The steps of a validation that every device has: a small file is written, renamed, read back and removed. */
import { randomBytes } from 'node:crypto'
import { draftSuffix } from '../../lib/backup/set-name.ts'
import { type Device, DeviceError, type StepReport } from './device.ts'
import { deviceError } from './failure.ts'

/** More than one packet of SFTP, and little for a slow line. */
const probeOctets = 100_000

export function probeName(): string {
  return `castellan_check_${randomBytes(8).toString('hex')}`
}

/** A validation that was killed may leave one, or its draft. */
export function isProbeName(name: string): boolean {
  return /^castellan_check_[0-9a-f]{16}(?:\.part)?$/.test(name)
}

/** Rejects with DeviceError of the step that failed; the file is removed either way. */
export async function tryOut(device: Device, signal: AbortSignal): Promise<StepReport[]> {
  const name = probeName()
  const content = randomBytes(probeOctets)
  try {
    const writer = await device.create(name, signal)
    try {
      await writer.write(content)
      await writer.commit()
    } catch (error) {
      await writer.abort()
      throw error
    }
    await readBack(device, name, content, signal)
  } catch (error) {
    await device.remove(name, signal).catch(() => {})
    throw error
  }
  await device.remove(name, signal)
  return [
    { step: 'write', found: `wrote ${content.length} octets to ${name}${draftSuffix}` },
    { step: 'rename', found: `renamed it to ${name}` },
    { step: 'readBack', found: 'read the same octets back, and removed the file' },
  ]
}

async function readBack(device: Device, name: string, content: Buffer, signal: AbortSignal): Promise<void> {
  const attempt = { device: device.name, step: 'readBack', what: `read ${name} back` } as const
  const read: Buffer[] = []
  try {
    for await (const chunk of device.read(name, 0, signal)) read.push(chunk)
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    const { message, fault, device: of } = error
    throw new DeviceError(message, { fault, device: of, step: 'readBack', cause: error })
  }
  if (!Buffer.concat(read).equals(content))
    throw deviceError(attempt, {
      fault: 'notWritable',
      reason: 'it is not what was written',
      advice: 'check the disk of the device; backups on it cannot be trusted',
    })
}

/** `12.3 GB free`, in units of 1000 as df -H has them. */
export function describeFree(freeBytes: number): string {
  const units = ['octets', 'kB', 'MB', 'GB', 'TB', 'PB']
  let [value, unit] = [freeBytes, 0]
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]} free`
}
