/**
 * A regular file in place of a tape, as a backup device (a drive: drive-device.ts). What is removed stays in it until nothing else is
 * in it, and then it is begun again.
 */
import { type FileHandle, statfs } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { draftSuffix } from '../../../lib/backup/set-name.ts'
import type { Tape } from '../../../lib/backup/settings.ts'
import { isMissing } from '../../../lib/errors.ts'
import { Folder } from '../../../lib/trust/folder.ts'
import { makeIn, openIn } from '../../../lib/trust/open.ts'
import { RefusedPathError } from '../../../lib/trust/refused-path.ts'
import type { Device, DeviceReport, DeviceStep, DeviceWriter, StoredFile } from '../device.ts'
import { deviceError, fileError } from '../failure.ts'
import { describeFree, tryOut } from '../try-out.ts'
import { dataBlockHeader, encodeEntry, label, readData, readIndex, type TapeIndex } from './blocks.ts'

interface Trying {
  readonly what: string
  readonly step?: DeviceStep
  readonly signal?: AbortSignal
}

export class TapeDevice implements Device {
  readonly name: string
  readonly #path: string
  #isWriting = false

  constructor({ name, tapeId }: Pick<Tape, 'name' | 'tapeId'>) {
    this.name = name
    this.#path = tapeId
  }

  list(signal: AbortSignal): Promise<StoredFile[]> {
    return this.#withTape({ what: 'list', step: 'path', signal }, async (tape) =>
      [...(await this.#index(tape, signal)).records.values()].map(({ name, octets, modifiedMs }) => ({
        name,
        octets,
        modifiedMs,
      })),
    )
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    const trying: Trying = { what: `write ${name} to`, step: 'write', signal }
    signal.throwIfAborted()
    if (name === '' || /[/\0]/.test(name) || name === '.' || name === '..')
      throw deviceError(this.#attempt(trying), {
        fault: 'pathMissing',
        reason: 'it is not the name of a file',
        advice: 'this is a fault of the program; report it',
      })
    this.#assertNotWriting(trying)
    this.#isWriting = true
    try {
      return await this.#begin(name, trying, signal)
    } catch (error) {
      this.#isWriting = false
      throw this.#error(error, trying)
    }
  }

  async #begin(name: string, trying: Trying, signal: AbortSignal): Promise<DeviceWriter> {
    const tape = await this.#open()
    try {
      const append = new Append(tape, await this.#writableEnd(tape, signal))
      const draft = `${name}${draftSuffix}`
      if ((await this.#index(tape, signal)).records.has(draft))
        await append.add(encodeEntry({ type: 'remove', name: draft }))
      const { end } = append
      await append.add(encodeEntry({ type: 'begin', name, timeMs: Date.now() }))
      return this.#writer(append, end, trying)
    } catch (error) {
      await tape.close()
      throw error
    }
  }

  #writer(append: Append, begun: number, trying: Trying): DeviceWriter {
    const { tape } = append
    let [octets, isOpen] = [0, true]
    const end = async (): Promise<void> => {
      isOpen = false
      this.#isWriting = false
      await tape.close().catch(() => {}) // durable already, or cut off
    }
    const attempt = async (run: () => Promise<void>): Promise<void> => {
      try {
        trying.signal?.throwIfAborted()
        await run()
      } catch (error) {
        throw this.#error(error, trying)
      }
    }
    return {
      write: (chunk) =>
        attempt(async () => {
          if (chunk.length === 0) return
          await append.add(dataBlockHeader(chunk.length))
          await append.add(chunk)
          octets += chunk.length
        }),
      commit: () =>
        attempt(async () => {
          await tape.sync() // what the last entry speaks of is there before it
          await append.add(encodeEntry({ type: 'end', octets }))
          await tape.sync()
          await end()
        }),
      abort: async () => {
        if (!isOpen) return
        await tape.truncate(begun).catch(() => {}) // it is not ended, so that it does not count
        await end()
      },
    }
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const trying: Trying = { what: `read ${name} from`, signal }
    signal.throwIfAborted()
    const tape = await this.#open().catch((error: unknown) => {
      throw this.#error(error, trying)
    })
    try {
      const record = (await this.#index(tape, signal)).records.get(name)
      if (!record)
        throw deviceError(this.#attempt(trying), {
          fault: 'pathMissing',
          reason: 'there is no file of that name on it',
          advice: 'list its files',
        })
      for await (const piece of readData(tape, record, from)) {
        signal.throwIfAborted()
        yield piece
      }
    } catch (error) {
      throw this.#error(error, trying)
    } finally {
      await tape.close()
    }
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    const trying: Trying = { what: `remove ${name} from`, step: 'write', signal }
    return this.#withTape(trying, async (tape) => {
      const { records } = await this.#index(tape, signal)
      if (!records.has(name)) return
      this.#assertNotWriting(trying)
      const end = await this.#writableEnd(tape, signal)
      if (records.size === 1) await tape.truncate(encodeEntry(label).length)
      else await new Append(tape, end).add(encodeEntry({ type: 'remove', name }))
      await tape.sync()
    })
  }

  /** Of the disk that the file is on. */
  async freeBytes(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted()
    try {
      const folder = await Folder.open(dirname(this.#path))
      try {
        const { bavail, bsize } = await folder.call(statfs(folder.at()))
        return bavail * bsize
      } finally {
        folder.close()
      }
    } catch (error) {
      throw this.#error(error, { what: 'read the free space of', step: 'freeSpace', signal })
    }
  }

  async validate(signal: AbortSignal): Promise<DeviceReport> {
    const count = (await this.list(signal)).length
    const tried = await tryOut(this, signal)
    const freeBytes = await this.freeBytes(signal)
    const path = { step: 'path', found: `${this.#path} is a tape with ${count} files` } as const
    return { steps: [path, ...tried, { step: 'freeSpace', found: describeFree(freeBytes) }], freeBytes }
  }

  async close(): Promise<void> {}

  /** What is being written is at the end, where everything goes. */
  #assertNotWriting(trying: Trying): void {
    if (!this.#isWriting) return
    throw deviceError(this.#attempt(trying), {
      fault: 'busy',
      reason: 'another file is being written to it',
      advice: 'wait for its end',
    })
  }

  async #index(tape: FileHandle, signal: AbortSignal): Promise<TapeIndex> {
    const index = await readIndex(tape, signal)
    if (index) return index
    throw deviceError(this.#attempt({ what: 'use', step: 'path' }), {
      fault: 'notWritable',
      reason: 'it holds something else than our backups',
      advice: 'name an empty tape, or a file that does not exist yet',
    })
  }

  /** Where the next record goes, with a label before the first, and nothing after it. */
  async #writableEnd(tape: FileHandle, signal: AbortSignal): Promise<number> {
    const { end } = await this.#index(tape, signal)
    if (end > 0) {
      await tape.truncate(end)
      return end
    }
    const first = encodeEntry(label)
    await new Append(tape, 0).add(first)
    return first.length
  }

  async #withTape<T>(trying: Trying, run: (tape: FileHandle) => Promise<T>): Promise<T> {
    trying.signal?.throwIfAborted()
    try {
      const tape = await this.#open()
      try {
        return await run(tape)
      } finally {
        await tape.close()
      }
    } catch (error) {
      throw this.#error(error, trying)
    }
  }

  async #open(): Promise<FileHandle> {
    const folder = await Folder.open(dirname(this.#path), this.#path)
    const name = basename(this.#path)
    try {
      return await openIn(folder, name, 'readWrite').catch((error: unknown) => {
        if (!isMissing(error)) throw error
        return makeIn(folder, name)
      })
    } finally {
      folder.close()
    }
  }

  #error(error: unknown, trying: Trying): unknown {
    if (error instanceof RefusedPathError && error.kind === 'notRegular')
      return deviceError(
        this.#attempt(trying),
        {
          fault: 'notWritable',
          reason: 'it is no regular file',
          advice: 'name a regular file, or a drive by its path below /dev',
        },
        error,
      )
    return fileError(error, this.#attempt(trying), trying.signal)
  }

  #attempt({ what, step }: Trying) {
    return { device: this.name, what: `${what} ${this.#path}`, step }
  }
}

/** Writes blocks one behind the other. */
class Append {
  readonly tape: FileHandle
  #at: number

  constructor(tape: FileHandle, at: number) {
    this.tape = tape
    this.#at = at
  }

  get end(): number {
    return this.#at
  }

  async add(block: Uint8Array): Promise<void> {
    for (let written = 0; written < block.length; ) {
      const { bytesWritten } = await this.tape.write(block, written, block.length - written, this.#at)
      written += bytesWritten
      this.#at += bytesWritten
    }
  }
}
