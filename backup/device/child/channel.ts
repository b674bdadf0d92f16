/** The job's end of the pipe to one child: requests and their answers, until the child ends. */
import { messageOf } from '../../../lib/errors.ts'
import { describeExit } from '../../../lib/program/exit.ts'
import type { Program } from '../../../lib/program/program.ts'
import { printable } from '../../../lib/text/escape.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { DeviceError } from '../device.ts'
import { deviceError } from '../failure.ts'
import { untilAborted } from '../within.ts'
import { dataHeader, encodeMessage, FrameReader } from './frames.ts'
import { type Answer, parseAnswer, type Request } from './messages.ts'

/** What hears about one request. */
export interface Listener {
  take?(octets: Buffer): void
  taken?(octets: number): void
  answer(value: unknown): void
  fail(error: unknown): void
}

/** The end of what a child says before it ends. */
const keptErrorOctets = 2000
const endsWithinMs = 12_000

export class Channel {
  readonly #program: Program
  readonly #device: string
  readonly #listeners = new Map<number, Listener>()
  #lastId = 0
  #errors = ''
  #failure: DeviceError | undefined

  constructor(program: Program, device: string) {
    this.#program = program
    this.#device = device
    const frames = new FrameReader()
    program.output?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.push(chunk))
          if (frame.kind === 'data') this.#listeners.get(frame.id)?.take?.(frame.octets)
          else this.#take(frame.id, parseAnswer(frame.message))
      } catch (error) {
        this.#fail(`broke the protocol: ${messageOf(error)}`)
        program.signalAll('SIGKILL')
      }
    })
    program.errors?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-keptErrorOctets)
    })
    // What it said last is read before its end is told.
    void program.exited.then(async (exit) => {
      await Promise.race([program.closed, new Promise((resolve) => setTimeout(resolve, 200))])
      const words = this.#errors.trim().split('\n').at(-1) ?? ''
      this.#fail(`${describeExit(exit)}${words === '' ? '' : ` (${words})`}`)
    })
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined || !this.#program.isRunning
  }

  /** Sends a request, and gives its number; what becomes of it the listener hears, once. */
  start(request: Request, listener: Listener): number {
    const id = ++this.#lastId
    if (this.#failure) listener.fail(this.#failure)
    else {
      this.#listeners.set(id, listener)
      this.send(id, request)
    }
    return id
  }

  /** What is answered; when the signal ends it first the child is told. */
  async request(request: Request, signal: AbortSignal): Promise<unknown> {
    let id = 0
    const answered = new Promise((answer, fail) => {
      id = this.start(request, { answer, fail })
    })
    try {
      return await untilAborted(answered, signal)
    } catch (error) {
      if (this.#listeners.has(id)) this.cancel(id)
      throw error
    }
  }

  listen(id: number, listener: Listener): void {
    if (this.#failure) listener.fail(this.#failure)
    else this.#listeners.set(id, listener)
  }

  forget(id: number): void {
    this.#listeners.delete(id)
  }

  cancel(id: number): void {
    this.forget(id)
    this.send(id, { type: 'cancel' })
  }

  send(id: number, request: Request): void {
    this.#program.input?.write(encodeMessage(id, request))
  }

  sendData(id: number, octets: Uint8Array): void {
    const { input } = this.#program
    input?.cork() // one call of the system for both
    input?.write(dataHeader(id, octets.length))
    input?.write(octets)
    input?.uncork()
  }

  /** Closes the pipe, which the child ends at, and ends it where it does not. */
  async close(clock: Clock): Promise<void> {
    this.#program.input?.end()
    const timer = clock.after(endsWithinMs, () => void this.#program.signalAll('SIGKILL'))
    await this.#program.exited
    timer.cancel()
  }

  #take(id: number, answer: Answer | undefined): void {
    if (!answer) throw new Error('an answer that is none')
    const listener = this.#listeners.get(id)
    if (!listener) return
    if (answer.type === 'taken') return listener.taken?.(answer.octets)
    this.#listeners.delete(id)
    if (answer.type === 'answer') listener.answer(answer.value)
    else listener.fail(this.#errorOf(answer))
  }

  #errorOf({ message, fault, step }: Extract<Answer, { type: 'failure' }>): DeviceError {
    const device = this.#device
    // Its message is made harmless again: who made it has read what strangers sent.
    if (fault) return new DeviceError(printable(message), { device, fault, ...(step && { step }) })
    return this.#broken(message)
  }

  #fail(reason: string): void {
    if (this.#failure) return
    const failure = this.#broken(`the process that talks to it ${reason}`)
    this.#failure = failure
    for (const listener of this.#listeners.values()) listener.fail(failure)
    this.#listeners.clear()
  }

  #broken(reason: string): DeviceError {
    return deviceError(
      { device: this.#device, what: 'go on' },
      { fault: 'unreachable', reason, advice: 'try again, and report it when it happens twice' },
    )
  }
}
