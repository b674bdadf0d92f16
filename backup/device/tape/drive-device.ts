/**
 * A tape in a drive as a backup device. Each file that is stored is a file of the tape, with a catalog behind it (catalog.ts). What
 * is removed stays on the tape until nothing else is on it; then the tape is begun again.
 */
import { randomBytes } from 'node:crypto'
import { draftSuffix } from '../../../lib/backup/set-name.ts'
import { codeOf } from '../../../lib/errors.ts'
import type { Device, DeviceReport, DeviceStep, DeviceWriter, StoredFile } from '../device.ts'
import { type Attempt, deviceError, fileError } from '../failure.ts'
import { tryOut } from '../try-out.ts'
import { blockHeaderOctets, dataBlockHeader } from './blocks.ts'
import { type Catalog, NotOursError, readCatalog, recordOctets, type Stored, writeCatalog } from './catalog.ts'
import { type TapeDrive, TapeError, type TapeWriter } from './drive.ts'

interface Trying {
  readonly what: string
  readonly step?: DeviceStep
  readonly signal: AbortSignal
}

const dataOctets = recordOctets - blockHeaderOctets

export class TapeDriveDevice implements Device {
  readonly name: string
  readonly #drive: TapeDrive
  #catalog: Catalog | undefined
  #isMoving = false

  constructor(name: string, drive: TapeDrive) {
    this.name = name
    this.#drive = drive
  }

  list(signal: AbortSignal): Promise<StoredFile[]> {
    return this.#try({ what: 'list', step: 'path', signal }, async () => {
      const { files } = await this.#known(signal)
      return [...files].map(([name, { octets, modifiedMs }]) => ({ name, octets, modifiedMs }))
    })
  }

  create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    const trying: Trying = { what: `write ${name} to`, step: 'write', signal }
    return this.#try(trying, async () => {
      if (name === '' || /[/\0]/.test(name) || name === '.' || name === '..')
        throw new TapeError('it is not the name of a file', 'this is a fault of the program; report it')
      const { tapeId, files, end } = await this.#known(signal)
      const release = this.#move()
      try {
        if (end === 0) await this.#begin({ tapeId, files, end }, signal)
        const number = Math.max(1, end)
        await this.#drive.seek(number, signal)
        return this.#writer(name, number, await this.#drive.write(), trying, release)
      } catch (error) {
        release()
        throw error
      }
    })
  }

  #writer(name: string, number: number, tape: TapeWriter, trying: Trying, release: () => void): DeviceWriter {
    const data = new Records(tape)
    let isOpen = true
    const close = async (): Promise<void> => {
      if (!isOpen) return
      isOpen = false
      try {
        await tape.close()
      } finally {
        release()
      }
    }
    return {
      write: (chunk) => this.#try(trying, () => data.add(chunk)),
      commit: () =>
        this.#try(trying, async () => {
          await data.flush()
          await tape.close()
          isOpen = false
          try {
            const stored = { number, octets: data.octets, modifiedMs: Date.now() }
            await this.#record((files) => {
              files.delete(`${name}${draftSuffix}`)
              files.set(name, stored)
            }, number + 1)
          } finally {
            release()
          }
        }),
      // Without a catalog behind it, it does not count, and the next file takes its place.
      abort: () => close().catch(() => {}),
    }
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const trying: Trying = { what: `read ${name} from`, signal }
    const { stored, reader, release } = await this.#try(trying, async () => {
      const found = (await this.#known(signal)).files.get(name)
      if (!found) throw Object.assign(new Error('there is no file of that name on it'), { code: 'ENOENT' })
      const done = this.#move()
      try {
        await this.#drive.seek(found.number, signal)
        return { stored: found, reader: await this.#drive.read(), release: done }
      } catch (error) {
        done()
        throw error
      }
    })
    try {
      let at = 0
      while (at < stored.octets) {
        const piece = await this.#try(trying, async () => dataOf(await reader.next()))
        if (at + piece.length > from) yield piece.subarray(Math.max(0, from - at))
        at += piece.length
      }
    } finally {
      release()
      await reader.close()
    }
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#try({ what: `remove ${name} from`, step: 'write', signal }, async () => {
      const known = await this.#known(signal)
      if (!known.files.has(name)) return
      const release = this.#move()
      try {
        if (known.files.size === 1) {
          await this.#begin({ ...known, files: new Map() }, signal)
          return
        }
        await this.#drive.seek(known.end, signal)
        await this.#record((files) => void files.delete(name), known.end)
      } finally {
        release()
      }
    })
  }

  /** A drive does not tell. */
  async freeBytes(signal: AbortSignal): Promise<undefined> {
    signal.throwIfAborted()
  }

  async validate(signal: AbortSignal): Promise<DeviceReport> {
    const count = (await this.list(signal)).length
    const tried = await tryOut(this, signal)
    const { tapeId } = await this.#try({ what: 'use', step: 'path', signal }, () => this.#known(signal))
    const found = `${this.#drive.path} has the tape ${tapeId} with ${count} files`
    return { steps: [{ step: 'path', found }, ...tried] }
  }

  async close(): Promise<void> {}

  /** Read once: nobody else moves the tape while a job has it. */
  async #known(signal: AbortSignal): Promise<Catalog> {
    this.#catalog ??= (await readCatalog(this.#drive, signal)) ?? {
      ...{ tapeId: randomBytes(6).toString('hex'), files: new Map<string, Stored>(), end: 0 },
    }
    return this.#catalog
  }

  /** From its beginning, with nothing on it but a catalog. */
  async #begin({ tapeId, files }: Catalog, signal: AbortSignal): Promise<void> {
    await this.#drive.seek(0, signal)
    await writeCatalog(this.#drive, { tapeId, files })
    this.#catalog = { tapeId, files, end: 1 }
  }

  /** Writes a catalog as the tape's file of that number, where it stands. */
  async #record(change: (files: Map<string, Stored>) => void, number: number): Promise<void> {
    const { tapeId = '', files: before = [] } = this.#catalog ?? {}
    const files = new Map(before)
    change(files)
    await writeCatalog(this.#drive, { tapeId, files })
    this.#catalog = { tapeId, files, end: number + 1 }
  }

  /** A tape is in one place at a time. Gives what ends that. */
  #move(): () => void {
    if (this.#isMoving) throw Object.assign(new Error('another file is being written or read'), { code: 'EBUSY' })
    this.#isMoving = true
    return () => {
      this.#isMoving = false
    }
  }

  async #try<T>(trying: Trying, run: () => Promise<T>): Promise<T> {
    try {
      trying.signal.throwIfAborted()
      return await run()
    } catch (error) {
      throw this.#error(error, trying)
    }
  }

  #error(error: unknown, { what, step, signal }: Trying): unknown {
    const attempt: Attempt = { device: this.name, what: `${what} ${this.#drive.path}`, step }
    if (error instanceof TapeError)
      return deviceError(attempt, { fault: 'unreachable', reason: error.message, advice: error.advice }, error)
    const advice = adviceFor[error instanceof NotOursError ? 'NOT_OURS' : (codeOf(error) ?? '')]
    if (advice) return deviceError(attempt, advice, error)
    return fileError(error, attempt, signal)
  }
}

/** What the driver says of a drive in its own way (st(4), "RETURN VALUE"). */
const adviceFor: Readonly<Record<string, Parameters<typeof deviceError>[1]>> = {
  NOT_OURS: {
    fault: 'notWritable',
    reason: 'it holds something else than our backups',
    advice: 'put an empty tape in, or erase this one with: mt erase',
  },
  ENOSPC: { fault: 'full', reason: 'the tape is full', advice: 'put another tape in' },
  ENOMEDIUM: { fault: 'unreachable', reason: 'no tape is in the drive', advice: 'put one in' },
  EIO: {
    fault: 'unreachable',
    reason: 'the drive could not read or write the tape',
    advice: 'clean the drive, or put another tape in',
  },
  EROFS: { fault: 'notWritable', reason: 'the tape is write-protected', advice: 'unlock it, or put another one in' },
  EACCES: { fault: 'notWritable', reason: 'the tape is write-protected', advice: 'unlock it, or put another one in' },
}

/** Octets as records of one size, each with what says that it is data. */
class Records {
  readonly #tape: TapeWriter
  readonly #record = Buffer.allocUnsafe(recordOctets)
  #filled = 0
  octets = 0

  constructor(tape: TapeWriter) {
    this.#tape = tape
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + dataOctets - this.#filled)
      this.#record.set(part, blockHeaderOctets + this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === dataOctets) await this.flush()
    }
  }

  async flush(): Promise<void> {
    if (this.#filled === 0) return
    dataBlockHeader(this.#filled).copy(this.#record)
    const record = this.#record.subarray(0, blockHeaderOctets + this.#filled)
    this.octets += this.#filled
    this.#filled = 0
    await this.#tape.put(record)
  }
}

function dataOf(record: Buffer | undefined): Buffer {
  if (record === undefined || record.length < blockHeaderOctets)
    throw new TapeError('the file ends before its last octet', 'the tape is damaged; use another backup')
  const octets = record.readUInt32BE(1)
  if (
    !record.subarray(0, blockHeaderOctets).equals(dataBlockHeader(octets)) ||
    record.length !== blockHeaderOctets + octets
  )
    throw new TapeError('a record is damaged', 'the tape is damaged; use another backup')
  return record.subarray(blockHeaderOctets)
}
