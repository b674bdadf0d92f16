/** A device that is written no faster than so many octets a second, so that an upload leaves room for calls. */
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import type { Device, DeviceReport, DeviceWriter, StoredFile } from './device.ts'

/** What is written at once: a pause is never much longer than this takes. */
const pieceOctets = 64 * 1024

export class SlowedDevice implements Device {
  readonly name: string
  readonly #device: Device
  readonly #clock: Clock
  readonly #octetsPerMs: number
  /** When what was written so far is paid for. */
  #freeAtMs = 0

  constructor(device: Device, clock: Clock, kBytesPerSecond: number) {
    this.name = device.name
    this.#device = device
    this.#clock = clock
    this.#octetsPerMs = (kBytesPerSecond * 1024) / 1000
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    const writer = await this.#device.create(name, signal)
    return {
      write: async (chunk) => {
        for (let at = 0; at < chunk.length; at += pieceOctets) {
          const piece = chunk.subarray(at, at + pieceOctets)
          await this.#pay(piece.length, signal)
          await writer.write(piece)
        }
      },
      commit: () => writer.commit(),
      abort: () => writer.abort(),
    }
  }

  list(signal: AbortSignal): Promise<readonly StoredFile[]> {
    return this.#device.list(signal)
  }

  read(name: string, from: number, signal: AbortSignal): AsyncIterable<Buffer> {
    return this.#device.read(name, from, signal)
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#device.remove(name, signal)
  }

  freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#device.freeBytes(signal)
  }

  validate(signal: AbortSignal): Promise<DeviceReport> {
    return this.#device.validate(signal)
  }

  close(): Promise<void> {
    return this.#device.close()
  }

  /** Time in which nothing was written is not saved up. */
  async #pay(octets: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonicMs()
    const begins = Math.max(now, this.#freeAtMs)
    this.#freeAtMs = begins + octets / this.#octetsPerMs
    if (begins > now) await pause(this.#clock, begins - now, signal)
    signal.throwIfAborted()
  }
}
