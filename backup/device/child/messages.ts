/**
 * The messages of that pipe. What the child says is looked at field by field: it has read what strangers sent. The job's word is
 * taken for what it is.
 */
import type { DeviceFault, NetworkDirectory } from '../../../lib/backup/settings.ts'
import { DeviceError, type DeviceReport, type DeviceStep, type StoredFile } from '../device.ts'

/** From the job. The writer or reader of a file has the id of the request that began it. */
export type Request =
  | { readonly type: 'open'; readonly settings: NetworkDirectory }
  | { readonly type: 'list' }
  | { readonly type: 'create'; readonly name: string }
  | { readonly type: 'commit'; readonly writer: number }
  | { readonly type: 'abort'; readonly writer: number }
  | { readonly type: 'read'; readonly name: string; readonly from: number }
  | { readonly type: 'remove'; readonly name: string }
  | { readonly type: 'freeBytes' }
  | { readonly type: 'validate' }
  /** Nobody waits for it any more. */
  | { readonly type: 'cancel' }
  | Taken

/** So many octets of data have been taken: as many more may be sent. */
export interface Taken {
  readonly type: 'taken'
  readonly octets: number
}

/** What may be on its way at once in one direction of one file. */
export const windowOctets = 4 * 1024 * 1024

/** From the child. */
export type Answer =
  | { readonly type: 'answer'; readonly value?: unknown }
  | { readonly type: 'failure'; readonly message: string; readonly fault?: DeviceFault; readonly step?: DeviceStep }
  | Taken

/** Written by the job, which runs the same program. */
export function isRequest(value: unknown): value is Request {
  return isRecord(value) && typeof value.type === 'string' && requestTypes.has(value.type)
}

const requestTypes: ReadonlySet<string> = new Set<Request['type']>([
  'open',
  'list',
  'create',
  'commit',
  'abort',
  'read',
  'remove',
  'freeBytes',
  'validate',
  'cancel',
  'taken',
])

export function failureOf(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof DeviceError)) return { type: 'failure', message }
  const { fault, step } = error
  return { type: 'failure', message, fault, ...(step && { step }) }
}

const faults: ReadonlySet<unknown> = new Set<DeviceFault>([
  'unreachable',
  'authFailed',
  'pathMissing',
  'notWritable',
  'full',
  'busy',
])
const steps: ReadonlySet<unknown> = new Set<DeviceStep>([
  'resolve',
  'connect',
  'hostKey',
  'logIn',
  'path',
  'write',
  'rename',
  'readBack',
  'freeSpace',
])
const isFault = (value: unknown): value is DeviceFault => faults.has(value)
const isStep = (value: unknown): value is DeviceStep => steps.has(value)

/** Undefined for what is none. */
export function parseAnswer(value: unknown): Answer | undefined {
  if (!isRecord(value)) return undefined
  const { type, message, fault, step, octets } = value
  if (type === 'answer') return { type, value: value.value }
  if (type === 'taken' && isCount(octets)) return { type, octets }
  if (type !== 'failure' || typeof message !== 'string') return undefined
  return { type, message, ...(isFault(fault) && { fault }), ...(isStep(step) && { step }) }
}

export function parseFiles(value: unknown): StoredFile[] | undefined {
  if (!Array.isArray(value)) return undefined
  const files = value.map((one: unknown): StoredFile | undefined => {
    if (!isRecord(one)) return undefined
    const { name, octets, modifiedMs } = one
    if (typeof name !== 'string' || !isCount(octets) || !isNumber(modifiedMs)) return undefined
    return { name, octets, modifiedMs }
  })
  return files.every((file) => file !== undefined) ? files : undefined
}

export function parseReport(value: unknown): DeviceReport | undefined {
  if (!isRecord(value) || !Array.isArray(value.steps)) return undefined
  const steps = value.steps.flatMap((one: unknown) => {
    if (!isRecord(one) || !isStep(one.step) || typeof one.found !== 'string') return []
    return [{ step: one.step, found: one.found }]
  })
  const { hostKey, freeBytes } = value
  return {
    steps,
    ...(typeof hostKey === 'string' && { hostKey }),
    ...(isCount(freeBytes) && { freeBytes }),
  }
}

export function parseFreeBytes(value: unknown): number | undefined {
  return isCount(value) ? value : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0
}
