/** What every backup device can do: a flat folder of files, written as drafts and renamed when whole. */

import type { DeviceFault } from '../../lib/backup/settings.ts'

export interface StoredFile {
  readonly name: string
  readonly octets: number
  readonly modifiedMs: number
}

/** One file that is being written under its draft name (lib/backup/set-name.ts). */
export interface DeviceWriter {
  /** Resolves when the device has taken it or can take more: whoever writes waits for it, and leaves the chunk as it is. */
  write(chunk: Uint8Array): Promise<void>
  /**
   * Makes all of it durable where the device can, checks its size, and gives it its name, replacing an older file of it. One
   * that rejects leaves the draft, for abort() to remove.
   */
  commit(): Promise<void>
  /** Removes the draft; never rejects. */
  abort(): Promise<void>
}

/** A step of a device's validation, in their order; those that do not apply to a kind of device are left out. */
export type DeviceStep =
  | 'resolve'
  | 'connect'
  | 'hostKey'
  | 'logIn'
  | 'path'
  | 'write'
  | 'rename'
  | 'readBack'
  | 'freeSpace'

export interface StepReport {
  readonly step: DeviceStep
  /** What was found, such as the server's fingerprint or the free space. */
  readonly found: string
}

export interface DeviceReport {
  readonly steps: readonly StepReport[]
  /** The key that the server showed, as `SHA256:…`. */
  readonly hostKey?: string
  readonly freeBytes?: number
}

/** `message` says what was tried on which device, what happened, and what to do. */
export class DeviceError extends Error {
  readonly device: string
  readonly fault: DeviceFault
  readonly step: DeviceStep | undefined

  constructor(
    message: string,
    {
      device,
      fault,
      step,
      cause,
    }: { readonly device: string; readonly fault: DeviceFault; readonly step?: DeviceStep; readonly cause?: unknown },
  ) {
    super(message, { cause })
    this.name = 'DeviceError'
    this.device = device
    this.fault = fault
    this.step = step
  }
}

/** Everything but close() rejects with DeviceError, or with the signal's reason when it was aborted. */
export interface Device {
  readonly name: string
  /** Regular files of the device's folder, drafts and files of others included, in no order. */
  list(signal: AbortSignal): Promise<readonly StoredFile[]>
  /** `signal` is for all that the writer does but abort(). A draft of the same name that was left behind is replaced. */
  create(name: string, signal: AbortSignal): Promise<DeviceWriter>
  /** Its octets from `from` on, in pieces of any size, no faster than they are taken. */
  read(name: string, from: number, signal: AbortSignal): AsyncIterable<Buffer>
  /** A file that is not there is no failure. */
  remove(name: string, signal: AbortSignal): Promise<void>
  /** Undefined where the device cannot tell. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>
  /** Goes through all steps with a small file of its own, which it removes. */
  validate(signal: AbortSignal): Promise<DeviceReport>
  close(): Promise<void>
}
