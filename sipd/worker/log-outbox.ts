/** Log lines on their way to the parent, which has the files: gathered, so that a line costs no message of its own. */
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { countLines } from '../log/line-queue.ts'
import type { FromWorker } from './protocol.ts'

const gatherMs = 100
/** More than this is sent at once. */
const gatherOctets = 65_536
/** On their way to a parent that does not read; lines beyond are lost, and counted. */
const mostUnderWayOctets = 8 << 20

/** `done` is called when the message has left this process, or never will. */
export type TellParent = (message: FromWorker, done?: () => void) => void

export class LogOutbox {
  readonly #clock: Clock
  readonly #tell: TellParent
  #access = ''
  #timer: Timer | undefined
  #underWay = 0
  #lostLines = 0

  constructor(clock: Clock, tell: TellParent) {
    this.#clock = clock
    this.#tell = tell
  }

  /** At once: it may be the last that this process says. */
  error(line: string): void {
    this.#send('error', line)
  }

  access(line: string): void {
    this.#access += line
    if (this.#access.length > gatherOctets) this.flush()
    else this.#timer ??= this.#clock.after(gatherMs, () => this.flush())
  }

  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#access === '') return
    this.#send('access', this.#access)
    this.#access = ''
  }

  /** Lines lost since it was asked last. */
  takeLost(): number {
    const lost = this.#lostLines
    this.#lostLines = 0
    return lost
  }

  #send(log: 'error' | 'access', lines: string): void {
    const { length } = lines
    if (this.#underWay + length > mostUnderWayOctets) {
      this.#lostLines += countLines(lines)
      return
    }
    this.#underWay += length
    this.#tell({ kind: 'log', log, lines }, () => {
      this.#underWay -= length
    })
  }
}
