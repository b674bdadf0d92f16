/** An audit log: lines of JSON, each of something that somebody asked for, in a file that makes room for itself. */

import { messageOf } from '../errors.ts'
import { jsonText } from '../text/escape.ts'
import type { Clock } from '../time/clock.ts'
import type { Log } from './log.ts'
import { RotatingFile } from './rotating-file.ts'

export interface AuditFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
}

const maxOctets = 10 * 1024 * 1024
const filesKept = 10

export class AuditFile {
  readonly #options: AuditFileOptions
  readonly #file: RotatingFile

  constructor(options: AuditFileOptions) {
    this.#options = options
    this.#file = new RotatingFile({ path: options.path, maxOctets, filesKept })
  }

  /** One line, with the time before its fields. Never throws; what there is no room for is said in the log. */
  write(fields: Readonly<Record<string, unknown>>): void {
    const { clock, log } = this.#options
    try {
      this.#file.append(`${jsonText({ time: new Date(clock.now()).toISOString(), ...fields })}\n`)
    } catch (error) {
      log.error('the audit log cannot be written', { error })
    }
  }

  /**
   * An order over a control socket and what came of it. Node does not tell who connected (SO_PEERCRED); the socket is its owner's
   * alone, so that it is this process' user or root.
   */
  async order<T>(socket: string, words: readonly string[], act: () => Promise<T>): Promise<T> {
    const line = { order: words.join(' '), over: socket, by: `uid ${process.getuid?.()} or root` }
    try {
      const answer = await act()
      this.write({ ...line, status: 'done' })
      return answer
    } catch (error) {
      this.write({ ...line, status: 'refused', reason: messageOf(error) })
      throw error
    }
  }
}
