/** The requests of SFTP that a device needs, as promises; all that are pending fail when the connection is lost. */
import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import type { Clock } from '../../../lib/time/clock.ts'
import { untilAborted } from '../within.ts'
import { type Connection, disconnect } from './connection.ts'

/** The server ended the connection, or no longer answers. */
export class LostConnection extends Error {}

/** Codes of SSH_FXP_STATUS (draft-ietf-secsh-filexfer §7); those above 8 are of later drafts, and some servers send them. */
export const sftpStatus = {
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  writeProtected: 12,
  noSpace: 14,
  quotaExceeded: 15,
} as const

export interface FileSystem {
  readonly freeBytes: number
  readonly isReadOnly: boolean
}

/** What every server takes (draft-ietf-secsh-filexfer §3: packets of 34,000 octets). */
export const servedByAll = 32 * 1024
/** OpenSSH takes packets of 256 KiB. */
const mostWriteOctets = 255 * 1024

/** More files than any folder of backups has: a listing that never ends is given up. */
const mostFiles = 100_000

type Done<T> = (error: Error | null | undefined, value: T) => void

export class SftpSession {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #pending = new Set<(error: Error) => void>()
  #lost: LostConnection | undefined

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
    const { client, sftp } = connection
    client.on('error', (error) => this.#lose(error.message))
    client.once('end', () => this.#lose('the server ended it'))
    client.once('close', () => this.#lose('it was closed'))
    // A server that breaks the protocol of SFTP within a whole connection of SSH.
    sftp.on('error', (error: Error) => this.#lose(error.message))
    sftp.once('close', () => this.#lose('the server ended the SFTP session'))
    sftp.once('end', () => this.#lose('the server ended the SFTP session'))
  }

  get connection(): Connection {
    return this.#connection
  }

  /** What the server takes in one request to write; ssh2 keeps what it has learnt of that (limits@openssh.com). */
  get mostWriteOctets(): number {
    const known: unknown = Reflect.get(this.#connection.sftp, '_maxWriteLen')
    return typeof known === 'number' && known > 0 ? Math.min(known, mostWriteOctets) : servedByAll
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  async close(): Promise<void> {
    if (!this.#lost) await disconnect(this.#connection.client, this.#clock)
    this.#connection.client.destroy()
    this.#lose('we closed it')
  }

  realpath(path: string, signal: AbortSignal): Promise<string> {
    return this.#call(signal, (sftp, done: Done<string>) => sftp.realpath(path, done))
  }

  stat(path: string, signal: AbortSignal): Promise<Stats> {
    return this.#call(signal, (sftp, done: Done<Stats>) => sftp.stat(path, done))
  }

  fstat(handle: Buffer, signal: AbortSignal): Promise<Stats> {
    return this.#call(signal, (sftp, done: Done<Stats>) => sftp.fstat(handle, done))
  }

  async list(path: string, signal: AbortSignal): Promise<FileEntryWithStats[]> {
    const handle = await this.#call(signal, (sftp, done: Done<Buffer>) => sftp.opendir(path, done))
    const found: FileEntryWithStats[] = []
    try {
      while (found.length < mostFiles)
        found.push(
          ...(await this.#call(signal, (sftp, done: Done<FileEntryWithStats[]>) => sftp.readdir(handle, done))),
        )
      throw new Error(`the folder has more than ${mostFiles} files`)
    } catch (error) {
      if (statusOf(error) === sftpStatus.eof) return found
      throw error
    } finally {
      void this.closeHandle(handle).catch(() => {})
    }
  }

  /** A draft is new, for its owner alone. */
  open(path: string, flags: 'r' | 'wx', signal: AbortSignal): Promise<Buffer> {
    return this.#call(signal, (sftp, done: Done<Buffer>) => sftp.open(path, flags, { mode: 0o600 }, done))
  }

  /** Not ended by a signal: many of them are pending at once, and who waits for them looks at the signal. */
  write(handle: Buffer, chunk: Buffer, position: number): Promise<void> {
    const { socket } = this.#connection
    socket.cork() // all packets of SSH that become of it in one call of the system
    try {
      return this.#request((sftp, done: Done<void>) => sftp.write(handle, chunk, 0, chunk.length, position, done))
    } finally {
      socket.uncork()
    }
  }

  /** At most so many octets; none at the end of the file. */
  async read(handle: Buffer, position: number, octets: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(octets)
    const count = await this.#request((sftp, done: Done<number>) =>
      sftp.read(handle, buffer, 0, octets, position, done),
    )
    return buffer.subarray(0, count)
  }

  /** Resolves at once where the server cannot. */
  async sync(handle: Buffer, signal: AbortSignal): Promise<void> {
    await this.#extended(signal, (sftp, done: Done<unknown>) => sftp.ext_openssh_fsync(handle, done))
  }

  closeHandle(handle: Buffer): Promise<void> {
    return this.#request((sftp, done: Done<void>) => sftp.close(handle, done))
  }

  /** A file that is not there is no failure. */
  async unlink(path: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call(signal, (sftp, done: Done<void>) => sftp.unlink(path, done))
    } catch (error) {
      if (statusOf(error) !== sftpStatus.noSuchFile) throw error
    }
  }

  /**
   * Replaces a file of the new name, at once where the server has posix-rename@openssh.com. SFTP's own rename refuses to; there
   * the older file is removed first, and when the connection is lost in between the draft is the file, whole.
   */
  async rename(from: string, to: string, signal: AbortSignal): Promise<void> {
    const isDone = await this.#extended(signal, (sftp, done: Done<unknown>) =>
      sftp.ext_openssh_rename(from, to, (error) => done(error, undefined)),
    )
    if (isDone) return
    const rename = () => this.#call(signal, (sftp, done: Done<void>) => sftp.rename(from, to, done))
    const isThere = await this.stat(to, signal).then(
      () => true,
      (error: unknown) => {
        if (statusOf(error) === sftpStatus.noSuchFile) return false
        throw error
      },
    )
    if (isThere) await this.unlink(to, signal)
    await rename()
  }

  /** Undefined where the server cannot tell. */
  async fileSystem(path: string, signal: AbortSignal): Promise<FileSystem | undefined> {
    let found: FileSystem | undefined
    await this.#extended(signal, (sftp, done: Done<unknown>) =>
      sftp.ext_openssh_statvfs(path, (error, stats: unknown) => {
        found = fileSystemOf(stats)
        done(error, undefined)
      }),
    )
    return found
  }

  /** False where the server does not have the extension, which ssh2 throws. */
  async #extended<T>(signal: AbortSignal, run: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<boolean> {
    try {
      await this.#call(signal, run)
      return true
    } catch (error) {
      if (error instanceof Error && /does not support this extended request/.test(error.message)) return false
      throw error
    }
  }

  async #call<T>(signal: AbortSignal, run: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
    signal.throwIfAborted()
    return untilAborted(this.#request(run), signal)
  }

  #request<T>(run: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      this.#pending.add(reject)
      try {
        run(this.#connection.sftp, (error, value) => {
          this.#pending.delete(reject)
          if (!error) resolve(value)
          // Without a status it is ssh2's own: no answer came.
          else reject(statusOf(error) === undefined ? this.#lose(error.message) : error)
        })
      } catch (error) {
        this.#pending.delete(reject)
        reject(error)
      }
    })
  }

  #lose(reason: string): LostConnection {
    this.#lost ??= new LostConnection(`the connection was lost: ${reason}`)
    for (const reject of this.#pending) reject(this.#lost)
    this.#pending.clear()
    return this.#lost
  }
}

/** The number in SSH_FXP_STATUS; undefined for errors that no server sent. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined
}

/** The reply to statvfs@openssh.com, of which ssh2 makes BigInts. */
function fileSystemOf(stats: unknown): FileSystem | undefined {
  const field = (name: string): number | undefined => {
    const value: unknown = typeof stats === 'object' && stats !== null ? Reflect.get(stats, name) : undefined
    return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined
  }
  const [unit, available, flags] = [field('f_frsize'), field('f_bavail'), field('f_flag')]
  if (unit === undefined || available === undefined || flags === undefined) return undefined
  return { freeBytes: unit * available, isReadOnly: (flags & 1) !== 0 } // SSH_FXE_STATVFS_ST_RDONLY
}
