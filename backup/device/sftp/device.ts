/** A folder that an SFTP server offers as a backup device. One connection serves; when it is lost, the next request makes another. */

import { draftSuffix } from '../../../lib/backup/set-name.ts'
import type { NetworkDirectory } from '../../../lib/backup/settings.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import {
  type Device,
  DeviceError,
  type DeviceReport,
  type DeviceStep,
  type DeviceWriter,
  type StoredFile,
} from '../device.ts'
import { type Attempt, deviceError } from '../failure.ts'
import { describeFree, tryOut } from '../try-out.ts'
import { within } from '../within.ts'
import { type ConnectionLimits, connectSftp, usualLimits } from './connection.ts'
import { explain } from './explain.ts'
import { readFile } from './reader.ts'
import { SftpSession, statusOf } from './session.ts'
import { SftpWriter } from './writer.ts'

/** A session, and the folder's path on the server. */
interface Place {
  readonly session: SftpSession
  readonly folder: string
}

/** S_IFMT of inode(7). */
const kindOfFile = 0o170_000
/** To remove a draft of an upload that failed: nobody waits longer for a server that does not answer. */
const removeDraftWithinMs = 10_000

export class SftpDevice implements Device {
  readonly name: string
  readonly #settings: NetworkDirectory
  readonly #clock: Clock
  readonly #limits: ConnectionLimits
  #place: Promise<Place> | undefined

  constructor(settings: NetworkDirectory, clock: Clock, limits = usualLimits) {
    this.name = settings.name
    this.#settings = settings
    this.#clock = clock
    this.#limits = limits
  }

  async list(signal: AbortSignal): Promise<StoredFile[]> {
    const { session, folder } = await this.#open(signal)
    const entries = await this.#try({ what: 'list', step: 'path', signal, session }, () => session.list(folder, signal))
    return entries
      .filter(({ filename, longname, attrs }) => {
        // Where a server leaves the kind of file out of the mode, its listing has it, as ls -l does.
        const hasKind = ((attrs.mode ?? 0) & kindOfFile) !== 0
        return (hasKind ? attrs.isFile() : longname.startsWith('-')) && isPlainName(filename)
      })
      .map(({ filename, attrs }) => ({ name: filename, octets: attrs.size, modifiedMs: attrs.mtime * 1000 }))
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    const what = `write ${name} in`
    const { session, folder } = await this.#open(signal)
    const path = this.#pathOf(folder, name)
    const draft = `${path}${draftSuffix}`
    const attempt = { what, signal, session, isWriting: true }
    const handle = await this.#try({ ...attempt, step: 'write' }, async () => {
      await session.unlink(draft, signal)
      return session.open(draft, 'wx', signal)
    })
    return new SftpWriter({
      session,
      handle,
      draft,
      path,
      signal,
      explain: (error, step) => this.#explain(error, { ...attempt, step }),
      removeDraft: () => this.#removeDraft(draft),
    })
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { session, folder } = await this.#open(signal)
    const path = this.#pathOf(folder, name)
    const attempt = { what: `read ${name} in`, signal, session }
    const handle = await this.#try(attempt, () => session.open(path, 'r', signal))
    try {
      yield* readFile(session, handle, from, signal)
    } catch (error) {
      throw await this.#explain(error, attempt)
    } finally {
      void session.closeHandle(handle).catch(() => {})
    }
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const { session, folder } = await this.#open(signal)
    const path = this.#pathOf(folder, name)
    await this.#try({ what: `remove ${name} in`, signal, session, isWriting: true }, () => session.unlink(path, signal))
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    const { session, folder } = await this.#open(signal)
    const attempt = { what: 'read the free space of', step: 'freeSpace', signal, session } as const
    return (await this.#try(attempt, () => session.fileSystem(folder, signal)))?.freeBytes
  }

  /** With a new connection; without a pinned host key the one that the server shows is believed this once, and told. */
  async validate(signal: AbortSignal): Promise<DeviceReport> {
    await this.close()
    this.#place = this.#connect(signal, { mustBePinned: false })
    try {
      const { session, folder } = await this.#open(signal)
      const { steps, hostKey } = session.connection
      const tried = await tryOut(this, signal)
      const freeBytes = await this.freeBytes(signal)
      return {
        steps: [
          ...steps,
          { step: 'path', found: `${folder} is a folder` },
          ...tried,
          ...(freeBytes === undefined ? [] : [{ step: 'freeSpace', found: describeFree(freeBytes) } as const]),
        ],
        hostKey,
        ...(freeBytes !== undefined && { freeBytes }),
      }
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    const place = this.#place
    this.#place = undefined
    await place?.then(({ session }) => session.close()).catch(() => {}) // it was not connected
  }

  async #open(signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted()
    const place = await this.#place
    if (place && !place.session.isLost) return place
    await place?.session.close()
    this.#place = this.#connect(signal, { mustBePinned: true })
    return this.#place
  }

  #connect(signal: AbortSignal, { mustBePinned }: { readonly mustBePinned: boolean }): Promise<Place> {
    const place = this.#enter(signal, mustBePinned)
    place.catch(() => {
      if (this.#place === place) this.#place = undefined
    })
    return place
  }

  async #enter(signal: AbortSignal, mustBePinned: boolean): Promise<Place> {
    const [clock, limits] = [this.#clock, this.#limits]
    const session = new SftpSession(await connectSftp(this.#settings, { clock, limits, signal, mustBePinned }), clock)
    try {
      return await this.#try({ what: 'use', step: 'path', signal, session }, async () => {
        const folder = await session.realpath(this.#settings.path || '.', signal)
        if (!(await session.stat(folder, signal)).isDirectory())
          throw deviceError(this.#attempt('use', 'path'), {
            fault: 'pathMissing',
            reason: 'it is not a folder',
            advice: "correct the device's path",
          })
        return { session, folder }
      })
    } catch (error) {
      await session.close()
      throw error
    }
  }

  async #removeDraft(draft: string): Promise<void> {
    const late = () => new Error('the server does not answer')
    const never = new AbortController().signal
    await within({ clock: this.#clock, limitMs: removeDraftWithinMs, signal: never, late }, async (signal) => {
      const { session } = await this.#open(signal)
      await session.unlink(draft, signal)
    }).catch(() => {}) // the next prune removes it
  }

  #pathOf(folder: string, name: string): string {
    if (!isPlainName(name))
      throw deviceError(this.#attempt(`use ${JSON.stringify(name)} in`), {
        fault: 'pathMissing',
        reason: 'it is not the name of a file in a folder',
        advice: 'this is a fault of the program; report it',
      })
    return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`
  }

  async #try<T>(trying: Trying, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw await this.#explain(error, trying)
    }
  }

  async #explain(error: unknown, { what, step, signal, session, isWriting = false }: Trying): Promise<unknown> {
    if (error instanceof DeviceError || (signal.aborted && error === signal.reason)) return error
    const asksFileSystem = isWriting && statusOf(error) !== undefined
    const fileSystem = asksFileSystem
      ? await session.fileSystem(this.#settings.path || '.', signal).catch(() => undefined)
      : undefined
    return deviceError(this.#attempt(what, step), explain(error, fileSystem, isWriting), error)
  }

  #attempt(what: string, step?: DeviceStep): Attempt {
    const { server, path } = this.#settings
    return { device: this.name, what: `${what} ${path || 'the home folder'} on ${server}`, step }
  }
}

interface Trying {
  readonly what: string
  readonly step?: DeviceStep
  readonly signal: AbortSignal
  readonly session: SftpSession
  readonly isWriting?: boolean
}

/** Of a file in the folder itself: a server may send any. */
function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
}
