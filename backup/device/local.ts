/**
 * A folder of this machine as a backup device. Names are looked up within the opened folder (lib/trust), no link is followed, and
 * what root writes belongs to whom the folder belongs to: somebody else who may write there can take his own backups away, and
 * have root touch nothing else.
 */
import type { FileHandle } from 'node:fs/promises'
import { statfs } from 'node:fs/promises'
import { draftSuffix } from '../../lib/backup/set-name.ts'
import type { LocalDirectory } from '../../lib/backup/settings.ts'
import { isMissing } from '../../lib/errors.ts'
import { Folder, isSameFile } from '../../lib/trust/folder.ts'
import { makeIn, openIn } from '../../lib/trust/open.ts'
import type { Device, DeviceReport, DeviceStep, DeviceWriter, StepReport, StoredFile } from './device.ts'
import { type Attempt, deviceError, fileError } from './failure.ts'
import { describeFree, tryOut } from './try-out.ts'

const readOctets = 256 * 1024

export class LocalDirectoryDevice implements Device {
  readonly name: string
  readonly #path: string

  constructor({ name, path }: Pick<LocalDirectory, 'name' | 'path'>) {
    this.name = name
    this.#path = path
  }

  async list(signal: AbortSignal): Promise<StoredFile[]> {
    return this.#inFolder({ what: 'list', step: 'path', signal }, async (folder) => {
      const found: StoredFile[] = []
      for (const name of await folder.readNames()) {
        signal.throwIfAborted()
        const stats = await folder.lstat(name).catch((error: unknown) => {
          if (isMissing(error)) return undefined // removed meanwhile
          throw error
        })
        if (stats?.isFile()) found.push({ name, octets: stats.size, modifiedMs: stats.mtimeMs })
      }
      return found
    })
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    const attempt = this.#attempt(`write ${name} in`, 'write')
    signal.throwIfAborted()
    const folder = await this.#open()
    try {
      const draft = `${name}${draftSuffix}`
      await folder.remove(draft)
      return new LocalWriter({ folder, name, draft, file: await makeIn(folder, draft), signal, attempt })
    } catch (error) {
      folder.close()
      throw fileError(error, attempt, signal)
    }
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const attempt = this.#attempt(`read ${name} in`)
    signal.throwIfAborted()
    const folder = await this.#open()
    try {
      const file = await openIn(folder, name, 'read')
      try {
        for (let position = from; ; ) {
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readOctets), 0, readOctets, position)
          signal.throwIfAborted()
          if (bytesRead === 0) return
          position += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      throw fileError(error, attempt, signal)
    } finally {
      folder.close()
    }
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#inFolder({ what: `remove ${name} in`, signal }, async (folder) => {
      await folder.remove(name)
      await folder.sync()
    })
  }

  freeBytes(signal: AbortSignal): Promise<number> {
    return this.#inFolder({ what: 'read the free space of', step: 'freeSpace', signal }, async (folder) => {
      const { bavail, bsize } = await folder.call(statfs(folder.at()))
      return bavail * bsize
    })
  }

  async validate(signal: AbortSignal): Promise<DeviceReport> {
    const path = await this.#inFolder({ what: 'use', step: 'path', signal }, async (folder): Promise<StepReport> => {
      const others = folder.isWritableByOthers ? ', which other users may write' : ''
      return { step: 'path', found: `${folder.path} is a folder${others}` }
    })
    const tried = await tryOut(this, signal)
    const freeBytes = await this.freeBytes(signal)
    return { steps: [path, ...tried, { step: 'freeSpace', found: describeFree(freeBytes) }], freeBytes }
  }

  async close(): Promise<void> {}

  async #inFolder<T>(
    { what, step, signal }: { readonly what: string; readonly step?: DeviceStep; readonly signal: AbortSignal },
    run: (folder: Folder) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    const folder = await this.#open()
    try {
      return await run(folder)
    } catch (error) {
      throw fileError(error, this.#attempt(what, step), signal)
    } finally {
      folder.close()
    }
  }

  async #open(): Promise<Folder> {
    try {
      return await Folder.open(this.#path)
    } catch (error) {
      throw fileError(error, this.#attempt('open', 'path'))
    }
  }

  #attempt(what: string, step?: DeviceStep): Attempt {
    return { device: this.name, what: `${what} ${this.#path}`, step }
  }
}

interface Draft {
  readonly folder: Folder
  readonly name: string
  readonly draft: string
  readonly file: FileHandle
  readonly signal: AbortSignal
  readonly attempt: Attempt
}

class LocalWriter implements DeviceWriter {
  readonly #draft: Draft
  #octets = 0
  #isOpen = true

  constructor(draft: Draft) {
    this.#draft = draft
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#try('write', async ({ file, signal }) => {
      for (let written = 0; written < chunk.length; ) {
        signal.throwIfAborted()
        const { bytesWritten } = await file.write(chunk, written)
        written += bytesWritten
      }
      this.#octets += chunk.length
    })
  }

  async commit(): Promise<void> {
    await this.#try('write', async ({ file }) => {
      await file.sync()
      await this.#assertWhole()
    })
    await this.#try('rename', async ({ folder, name, draft, signal }) => {
      signal.throwIfAborted()
      await folder.rename(draft, name)
      await folder.sync()
    })
    await this.#close()
  }

  async abort(): Promise<void> {
    if (!this.#isOpen) return
    const { folder, draft } = this.#draft
    await folder.remove(draft).catch(() => {}) // its folder may be gone, or read-only by now; the next prune removes it
    await this.#close()
  }

  /** The draft has the size of what was written, and its name is still that of the file that we hold. */
  async #assertWhole(): Promise<void> {
    const { folder, draft, file, attempt } = this.#draft
    const ours = await file.stat()
    const refuse = (reason: string): never => {
      throw deviceError(attempt, { fault: 'notWritable', reason, advice: 'see who else writes there' })
    }
    if (ours.size !== this.#octets) refuse(`${draft} has ${ours.size} octets, and ${this.#octets} were written`)
    const named = await folder.lstat(draft).catch(() => undefined)
    if (!named || !isSameFile(named, ours)) refuse(`${draft} was taken away or replaced while it was written`)
  }

  async #try(step: DeviceStep, run: (draft: Draft) => Promise<void>): Promise<void> {
    const { attempt, signal } = this.#draft
    try {
      await run(this.#draft)
    } catch (error) {
      throw fileError(error, { ...attempt, step }, signal)
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#draft.folder.close()
    await this.#draft.file.close().catch(() => {}) // durable already, or a draft that is gone
  }
}
