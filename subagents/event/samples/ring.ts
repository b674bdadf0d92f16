/** Keeps the samples that triggers take in two segments of bounded size: the newer one grows, then the older one goes. */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isMissing, messageOf } from '../../../lib/errors.ts'
import type { Log } from '../../../lib/log/log.ts'
import type { Oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import type { Clock, Timer } from '../../../lib/time/clock.ts'
import { olderPath } from './read.ts'
import { BlockWriter, headOctets, type Pending, readSegment, type Series, segmentHead } from './segment.ts'

export interface SampleRingOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  readonly segmentOctets?: number
  readonly writeEveryMs?: number
}

/** So many are written at once, for that is done within the thread that serves. */
const batchSamples = 2000
/** More wait only when the disk does not take them. */
const waitingAtMost = 50_000

export class SampleRing {
  readonly #path: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #segmentOctets: number
  readonly #writeEveryMs: number
  readonly #blocks = new BlockWriter()
  #waiting: Pending[] = []
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #file: FileHandle | undefined
  /** Of the newer segment: where the next block goes. */
  #octets = 0
  /** When the newer segment was begun: that distinguishes the two. */
  #begunMs = 0
  #runMs = 0
  #runMonotonicMs = 0
  #isFailing = false
  #lost = 0

  constructor({ path, clock, log, segmentOctets = 4 << 20, writeEveryMs = 5000 }: SampleRingOptions) {
    this.#path = path
    this.#clock = clock
    this.#log = log
    this.#segmentOctets = segmentOctets
    this.#writeEveryMs = writeEveryMs
  }

  /** Samples that the disk did not take. */
  get lost(): number {
    return this.#lost
  }

  /** A run begins: no difference is taken to what was sampled before. */
  start(): void {
    this.#runMs = Math.round(this.#clock.now())
    this.#blocks.beginAgain()
    this.#runMonotonicMs = this.#clock.monotonicMs()
    this.#timer = this.#clock.every(this.#writeEveryMs, () => void this.write())
  }

  /** Resolves when what was added is written, or could not be. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#writing
    await this.write()
    await this.#file?.close()
    this.#file = undefined
  }

  series(owner: string, name: string, oid: Oid): Series {
    return { owner, name, oid, number: 0, since: 0, last: undefined, lastDiscontinuity: undefined }
  }

  /** Takes a sample that was taken just now; it is written with the next batch. */
  add(series: Series, value: SnmpValue | 'absent', discontinuity?: SnmpValue): void {
    if (this.#waiting.length >= waitingAtMost) {
      this.#lost++
      return
    }
    const elapsedMs = this.#clock.monotonicMs() - this.#runMonotonicMs
    this.#waiting.push({ series, elapsedMs, value, discontinuity })
    if (this.#waiting.length >= batchSamples) void this.write()
  }

  /** Writes what waits. Never rejects: a disk that takes nothing costs samples. */
  write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    // Not within the slice of a trigger.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchSamples)
      try {
        for (let rest = batch; rest.length > 0; ) rest = rest.slice(await this.#writeBlock(rest))
        if (this.#isFailing) this.#log.notice('samples are kept again', { path: this.#path, lost: this.#lost })
        this.#isFailing = false
      } catch (error) {
        this.#lost += batch.length
        // What the next block says must not lean on what may not be there.
        this.#blocks.beginAgain()
        if (!this.#isFailing)
          this.#log.warn('samples cannot be kept; triggers go on without, and the next ones are tried again', {
            path: this.#path,
            error: messageOf(error),
          })
        this.#isFailing = true
      }
    }
  }

  /** Gives how many samples were written: a block has its bounds. */
  async #writeBlock(samples: readonly Pending[]): Promise<number> {
    const file = await this.#open()
    const elapsedMs = samples[0]!.elapsedMs
    const time = {
      runMs: this.#runMs,
      beginMs: Math.round(this.#clock.now() - (this.#clock.monotonicMs() - this.#runMonotonicMs - elapsedMs)),
    }
    const { block, count } = this.#blocks.write(samples, time)
    if (this.#octets + block.length <= this.#segmentOctets || this.#octets === headOctets) {
      await this.#append(file, block)
      return count
    }
    const next = await this.#rotate()
    const again = this.#blocks.write(samples, time)
    await this.#append(next, again.block)
    return again.count
  }

  /** At its place: what a write that failed may have left is written over. */
  async #append(file: FileHandle, octets: Buffer): Promise<void> {
    for (let written = 0; written < octets.length; ) {
      const { bytesWritten } = await file.write(octets, written, octets.length - written, this.#octets + written)
      written += bytesWritten
    }
    this.#octets += octets.length
  }

  async #open(): Promise<FileHandle> {
    if (this.#file) return this.#file
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const segment = readSegment(await readIfThere(this.#path))
    const file = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      // The end that an agent was killed at goes.
      await file.truncate(segment?.end ?? 0)
      this.#octets = segment?.end ?? 0
      this.#begunMs = segment?.begunMs ?? Math.max(this.#clock.now(), this.#begunMs + 1)
      if (!segment) await this.#append(file, segmentHead(this.#begunMs))
    } catch (error) {
      await file.close()
      throw error
    }
    this.#blocks.beginAgain()
    this.#file = file
    return file
  }

  async #rotate(): Promise<FileHandle> {
    const full = this.#file
    this.#file = undefined
    await full?.close()
    await rename(this.#path, olderPath(this.#path))
    return this.#open()
  }
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0)
    throw error
  }
}
