/**
 * A device that is asked again when it was out of reach or busy. Only what does the same when it is done twice is repeated:
 * listing, removing, beginning a file, and reading, from where it stopped. What was written is not kept, so that an upload that
 * fails is begun again by who made its content.
 */
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { type Device, DeviceError, type DeviceReport, type DeviceWriter, type StoredFile } from './device.ts'

export interface Retrying {
  readonly attempts: number
  /** After the first failure; twice as long after each further one, and never longer than `longestMs`. */
  readonly firstPauseMs: number
  readonly longestMs: number
}

export const usualRetries: Retrying = { attempts: 4, firstPauseMs: 2_000, longestMs: 30_000 }

export class RetryingDevice implements Device {
  readonly name: string
  readonly #device: Device
  readonly #clock: Clock
  readonly #retrying: Retrying
  readonly #onRetry: (error: DeviceError, pauseMs: number) => void

  constructor(
    device: Device,
    {
      clock,
      retrying = usualRetries,
      onRetry = () => {},
    }: {
      readonly clock: Clock
      readonly retrying?: Retrying
      /** Told before each pause. */
      readonly onRetry?: (error: DeviceError, pauseMs: number) => void
    },
  ) {
    this.name = device.name
    this.#device = device
    this.#clock = clock
    this.#retrying = retrying
    this.#onRetry = onRetry
  }

  list(signal: AbortSignal): Promise<readonly StoredFile[]> {
    return this.#repeat(signal, () => this.#device.list(signal))
  }

  create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    return this.#repeat(signal, () => this.#device.create(name, signal))
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    let position = from
    for (let failures = 0; ; ) {
      try {
        for await (const chunk of this.#device.read(name, position, signal)) {
          position += chunk.length
          failures = 0
          yield chunk
        }
        return
      } catch (error) {
        await this.#pauseAfter(error, ++failures, signal)
      }
    }
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#repeat(signal, () => this.#device.remove(name, signal))
  }

  freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#repeat(signal, () => this.#device.freeBytes(signal))
  }

  /** Once: somebody waits for it, and wants to know what is wrong now. */
  validate(signal: AbortSignal): Promise<DeviceReport> {
    return this.#device.validate(signal)
  }

  close(): Promise<void> {
    return this.#device.close()
  }

  async #repeat<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; ) {
      try {
        return await run()
      } catch (error) {
        await this.#pauseAfter(error, ++failures, signal)
      }
    }
  }

  /** Throws the error where another attempt is of no use. */
  async #pauseAfter(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const { attempts, firstPauseMs, longestMs } = this.#retrying
    const mayPass = error instanceof DeviceError && (error.fault === 'unreachable' || error.fault === 'busy')
    if (!mayPass || failures >= attempts) throw error
    const pauseMs = Math.min(longestMs, firstPauseMs * 2 ** (failures - 1))
    this.#onRetry(error, pauseMs)
    await pause(this.#clock, pauseMs, signal)
    signal.throwIfAborted()
  }
}
