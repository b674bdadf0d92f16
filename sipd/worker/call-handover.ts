/** Which worker keeps an established call: the one that its BYE will come to. */
import type { EstablishedCall, EstablishedCalls } from '../calls/established.ts'
import { type FrameKind, frames } from './frames.ts'
import type { Ownership } from './ownership.ts'

export interface CallHandoverOptions {
  /** Undefined where calls are not followed. */
  readonly calls: EstablishedCalls | undefined
  readonly ownership: Ownership
  readonly send: (worker: number, kind: FrameKind, payload: Buffer) => boolean
}

/** So that a frame stays small, and is read in one go. */
const callsAtOnce = 500

export class CallHandover {
  readonly #options: CallHandoverOptions

  constructor(options: CallHandoverOptions) {
    this.#options = options
  }

  /** From now on the successors have all calls, those included that are answered later. Call it after `ownership.drain`. */
  toSuccessors(): void {
    const { calls, ownership } = this.#options
    if (!calls) return
    const ownerOf = (callId: string): number | undefined => ownership.successors[ownership.seatOfCall(callId)]
    calls.onAnsweredElsewhere = (call) => this.#send(ownerOf(call.dialogId.split('\0', 1)[0]!), [call])
    for (const successor of ownership.successors)
      this.#send(
        successor,
        calls.take((callId) => ownerOf(callId) === successor),
      )
  }

  /** A worker took a seat that others stood in for. */
  toSeat(seat: number, worker: number): void {
    const { calls, ownership } = this.#options
    if (calls)
      this.#send(
        worker,
        calls.take((callId) => ownership.seatOfCall(callId) === seat),
      )
  }

  /** What another worker's frame says. */
  receive(payload: Buffer): void {
    this.#options.calls?.adopt(JSON.parse(payload.toString('utf8')) as EstablishedCall[])
  }

  #send(worker: number | undefined, calls: readonly EstablishedCall[]): void {
    if (worker === undefined) return
    for (let at = 0; at < calls.length; at += callsAtOnce) {
      const payload = Buffer.from(JSON.stringify(calls.slice(at, at + callsAtOnce)), 'utf8')
      this.#options.send(worker, frames.calls, payload)
    }
  }
}
