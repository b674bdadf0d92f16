/** A device that is given up when it is silent for too long: each request, and each piece of a file, has its time. */
import type { Clock } from '../../lib/time/clock.ts'
import type { Device, DeviceReport, DeviceWriter, StoredFile } from './device.ts'
import { deviceError } from './failure.ts'
import { within } from './within.ts'

export interface DeadlineLimits {
  /** For one answer. */
  readonly answerMs: number
  /** For commit(), as a server may take its time to write gigabytes to its disk. */
  readonly commitMs: number
  /** For all of a validation. */
  readonly validateMs: number
}

/** Longer than what is waited for within, so that the sentence from there is the one that is told. */
export const usualDeadlines: DeadlineLimits = { answerMs: 90_000, commitMs: 600_000, validateMs: 300_000 }

export class DeviceWithDeadlines implements Device {
  readonly name: string
  readonly #device: Device
  readonly #clock: Clock
  readonly #limits: DeadlineLimits

  constructor(device: Device, clock: Clock, limits = usualDeadlines) {
    this.name = device.name
    this.#device = device
    this.#clock = clock
    this.#limits = limits
  }

  list(signal: AbortSignal): Promise<readonly StoredFile[]> {
    return this.#within('list its files', this.#limits.answerMs, signal, (both) => this.#device.list(both))
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    const { answerMs, commitMs } = this.#limits
    // The writer outlives this request, so that its signal must be that of the caller.
    const writer = await this.#within(`write ${name}`, answerMs, signal, () => this.#device.create(name, signal))
    return {
      write: (chunk) => this.#within(`write ${name}`, answerMs, signal, () => writer.write(chunk)),
      commit: () => this.#within(`finish ${name}`, commitMs, signal, () => writer.commit()),
      abort: () =>
        this.#within(`remove the draft of ${name}`, answerMs, new AbortController().signal, () => writer.abort()).catch(
          () => {},
        ),
    }
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const ends = new AbortController()
    const pieces = this.#device.read(name, from, AbortSignal.any([signal, ends.signal]))[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await this.#within(`read ${name}`, this.#limits.answerMs, signal, () => pieces.next())
        if (next.done) return
        yield next.value
      }
    } finally {
      // Not waited for: a generator that waits for an answer does not end before it comes, or its signal.
      ends.abort(new Error('nobody reads any more'))
      void pieces.return?.().catch(() => {})
    }
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#within(`remove ${name}`, this.#limits.answerMs, signal, (both) => this.#device.remove(name, both))
  }

  freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#within('read the free space', this.#limits.answerMs, signal, (both) => this.#device.freeBytes(both))
  }

  validate(signal: AbortSignal): Promise<DeviceReport> {
    return this.#within('be validated', this.#limits.validateMs, signal, (both) => this.#device.validate(both))
  }

  close(): Promise<void> {
    return this.#device.close()
  }

  #within<T>(what: string, limitMs: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = () =>
      deviceError(
        { device: this.name, what },
        {
          fault: 'unreachable',
          reason: `it did not answer within ${limitMs / 1000} s`,
          advice: 'check the server, its disk, and the network',
        },
      )
    return within({ clock: this.#clock, limitMs, signal, late }, run)
  }
}
