/** The branch parameter of what leaves here: who sent it, and what it was, so that a loop can be told from a spiral (RFC 3261 §16.6 step 8). */
import { H } from '../message/header-names.ts'
import { type SipRequest, stride } from '../message/message.ts'
import { compact, fnv1a } from '../transaction/hash.ts'
import type { Identity } from './identity.ts'

const prefix = 'z9hG4bKc'

export class Branches {
  readonly #prefix: string
  #counter = Math.floor(Math.random() * 2 ** 32)

  /** The worker's number is in every branch, so that whoever gets the response knows whose it is. */
  constructor(worker: number) {
    this.#prefix = `${prefix}${worker.toString(36)}.`
  }

  next(loopHash: number): string {
    this.#counter = (this.#counter + 1) >>> 0
    return `${this.#prefix}${compact(loopHash)}.${compact(this.#counter)}`
  }

  /** A branch that the same request always gets (§16.11), for forwarding without a transaction. */
  stateless(loopHash: number, request: SipRequest): string {
    const { via } = request
    const hash = fnv1a(`${via.branch ?? request.value(H.via)} ${request.value(H.callId)} ${request.cseqNumber}`)
    return `${this.#prefix}${compact(loopHash)}.s${compact(hash)}`
  }
}

/** The number of the worker whose branch this is; undefined for a branch that is none of ours. */
export function workerOf(branch: string): number | undefined {
  if (!branch.startsWith(prefix)) return undefined
  const worker = Number.parseInt(branch.slice(prefix.length, branch.indexOf('.')), 36)
  return Number.isSafeInteger(worker) ? worker : undefined
}

/** Of everything the decision where to forward depends on; a request that comes back with the same is in a loop. */
export function loopHashOf(request: SipRequest): number {
  let hash = fnv1a(request.requestUri)
  const { layout } = request
  for (let at = 0; at < layout.length; at += stride) {
    switch (layout[at]) {
      case H.from:
      case H.to:
      case H.callId:
      case H.route:
      case H.proxyRequire:
        hash = fnv1a(request.valueAt(at), hash)
        break
      case H.cseq:
        // The number alone: a CANCEL or ACK of a looping INVITE is in the same loop.
        hash = fnv1a(String(request.cseqNumber), hash)
        break
    }
  }
  return hash
}

/** §16.3 step 4: whether this very request was forwarded from here before. */
export function isLoop(request: SipRequest, identity: Identity): boolean {
  if (request.count(H.via) === 1 && !request.value(H.via)!.includes(',')) return false
  const hash = compact(loopHashOf(request))
  return request.elements(H.via).some((element) => {
    const match =
      /^SIP\s*\/\s*2\.0\s*\/\s*\S+\s+(\[[^\]]*\]|[^\s;:]+)(?:\s*:\s*(\d+))?.*;\s*branch\s*=\s*([^\s;,]+)/i.exec(element)
    if (!match || !identity.isThisHost(match[1]!, match[2] === undefined ? undefined : Number(match[2]))) return false
    const branch = match[3]!
    return workerOf(branch) !== undefined && branch.split('.')[1] === hash
  })
}
