/**
 * PidFile of sipd.conf, for programs of others. Our own commands know sipd by `run/sipd/sipd.pid`, whatever PidFile says: a copy
 * that cannot be written costs nothing but itself.
 */
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import { removeFile, writeFileWhole } from '../../lib/files/files.ts'
import { readOwnedFile, readPidFile } from '../../lib/files/pid-file.ts'
import { type Home, pidFileOf } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'

export class PidCopy {
  /** Undefined where PidFile names the file that is written anyway. */
  readonly path: string | undefined
  readonly #log: Log
  readonly #text = `${process.pid}\n`

  constructor(home: Home, pidFile: string, log: Log) {
    const path = resolve(home.root, pidFile)
    this.path = path === pidFileOf(home, 'sipd') ? undefined : path
    this.#log = log
  }

  async write(): Promise<void> {
    if (this.path === undefined) return
    try {
      const mistake = pidFileMistake(this.path)
      if (mistake !== undefined) throw new Error(mistake)
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
      await writeFileWhole(this.path, this.#text, 0o644)
    } catch (error) {
      this.#log.error('cannot write PidFile; sipd serves without it', { path: this.path, error: messageOf(error) })
    }
  }

  /** What another process has written there meanwhile stays. */
  async remove(): Promise<void> {
    if (this.path === undefined) return
    try {
      if (readOwnedFile(this.path)?.text === this.#text) await removeFile(this.path)
    } catch (error) {
      this.#log.warn('cannot remove PidFile', { path: this.path, error: messageOf(error) })
    }
  }
}

/** Why a file must not be replaced by a PID: it is something else, or the PID file of another process that runs. */
export function pidFileMistake(path: string): string | undefined {
  const there = readOwnedFile(path)
  if (!there || there.text === '') return undefined
  if (!/^\d+\s*(\n|$)/.test(there.text)) return `${path} is no PID file, and is left as it is`
  const running = readPidFile(path)
  return running && running.pid !== process.pid ? `${path} is the PID file of PID ${running.pid}` : undefined
}
