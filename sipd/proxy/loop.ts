/** The branch parameter of what leaves here: who sent it, and what it was, so that a loop can be told from a spiral (RFC 3261 §16.6 step 8). */
import { H } from '../message/header-names.ts'
import { type SipRequest, stride } from '../message/message.ts'
import { parseVia } from '../message/via.ts'
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

  /**
   * A branch that the same request always gets (§16.11), and its ACK and CANCEL with it, for forwarding without a
   * transaction; of no worker, so that it is the same after a restart.
   */
  stateless(loopHash: number, request: SipRequest): string {
    const { text, via, cseqNumber } = request
    const theirs = via.branch ?? text.slice(via.start, via.end)
    const hash = fnv1a(`${theirs} ${request.value(H.callId)} ${cseqNumber}`)
    return `${prefix}.${compact(loopHash)}.s${compact(hash)}`
  }
}

/** The number of the worker whose branch this is; undefined for a branch that is none of ours. */
export function workerOf(branch: string): number | undefined {
  if (!branch.startsWith(prefix)) return undefined
  const worker = Number.parseInt(branch.slice(prefix.length, branch.indexOf('.')), 36)
  return Number.isSafeInteger(worker) ? worker : undefined
}

/**
 * Of everything the decision where to forward depends on; a request that comes back with the same is in a loop. Nothing
 * in it differs between an INVITE and its ACK or CANCEL: not the tag of To, nor Proxy-Require.
 */
export function loopHashOf(request: SipRequest): number {
  let hash = fnv1a(plainUri(request))
  const { layout } = request
  for (let at = 0; at < layout.length; at += stride) {
    switch (layout[at]) {
      case H.from:
      case H.callId:
      case H.route:
        hash = fnv1a(request.valueAt(at), hash)
        break
      case H.cseq:
        hash = fnv1a(String(request.cseqNumber), hash)
        break
    }
  }
  return hash
}

/** The Request-URI in one of its spellings (§19.1.4): a server on the way may write it in another. */
function plainUri({ uri, requestUri }: SipRequest): string {
  if (!uri) return requestUri
  const { scheme, user, host, port, parameters } = uri
  const all = [...parameters].map(([name, value]) => `;${name}=${value.toLowerCase()}`)
  return `${scheme}:${user ?? ''}@${host}:${port ?? ''}${all.sort().join('')}`
}

/** §16.3 step 4: whether this very request was forwarded from here before. */
export function isLoop(request: SipRequest, identity: Identity): boolean {
  const { text, layout, via: topmost } = request
  let hash: string | undefined
  for (let at = 0; at < layout.length; at += stride) {
    if (layout[at] !== H.via) continue
    const end = request.valueEnd(at)
    for (let from = request.valueStart(at); from < end; ) {
      const via = from === topmost.start ? topmost : parseVia(text, from, end)
      if (!via) break
      if (via.branch?.startsWith(prefix) && identity.isThisHost(via.host, via.port)) {
        hash ??= compact(loopHashOf(request))
        if (via.branch.split('.')[1] === hash) return true
      }
      from = via.end + 1
    }
  }
  return false
}
