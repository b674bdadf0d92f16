/** Which of the workers a message is for: the one that has its transaction, or the one that its call falls to. */
import type { Clock } from '../../lib/time/clock.ts'
import { parseAddress } from '../message/address.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { parseRequestUri, type SipUri } from '../message/uri.ts'
import type { Elsewhere } from '../pipeline/core.ts'
import { workerOf } from '../proxy/loop.ts'
import { fnv1a, type KeyHash, type KeyHasher } from '../transaction/hash.ts'
import { HeldTransactions } from '../transaction/held.ts'
import { transactionKey } from '../transaction/layer.ts'
import { heldStates } from '../transaction/machines.ts'
import type { Handover } from './handover.ts'

export interface OwnershipOptions {
  readonly worker: number
  readonly clock: Clock
  readonly hasher: KeyHasher
  readonly holdMs: number
  /** Whether this worker itself has a transaction under this key. */
  readonly knows: (key: string) => boolean
  /** The user that an address names here, however it is written. */
  readonly addressOfRecord: (uri: SipUri) => string
  /** False when that worker is gone. */
  readonly send: (worker: number, source: Hop, text: string) => boolean
}

export class Ownership implements Elsewhere {
  readonly #options: OwnershipOptions
  /** Who takes requests that begin something: the workers of this generation, or the successors while this one drains. */
  #members: readonly number[]
  #isDraining = false
  /** Server transactions that older workers have under way, and those that they hold. */
  readonly #live = new Map<string, number>()
  readonly #held = new Map<number, HeldTransactions>()

  constructor(options: OwnershipOptions, members: readonly number[]) {
    this.#options = options
    this.#members = members
  }

  /**
   * The workers that begin things as they are now: of this generation, or while draining of the one that serves.
   * Returns who has which seat again, and is to be told what this worker did while the seat was empty.
   */
  setMembers(members: readonly number[]): { readonly seat: number; readonly worker: number }[] {
    const before = this.#members
    this.#members = members
    if (this.#isDraining || before.length !== members.length) return []
    return members.flatMap((worker, seat) => (before[seat] === worker ? [] : [{ seat, worker }]))
  }

  /**
   * Which of the members takes this, by its place among them. A call goes to one worker, so that its ACK and BYE are not overtaken by
   * each other. Registrations of one user go to one worker: whoever changes a record has the whole of it.
   */
  seatOf(request: SipRequest): number {
    const count = this.#members.length
    if (request.method !== 'REGISTER' || count <= 1) return seatOfCall(request.callId, count)
    return fnv1a(this.#userOf(request)) % count
  }

  /** Which of the members takes what belongs to a call. */
  seatOfCall(callId: string): number {
    return seatOfCall(callId, this.#members.length)
  }

  /** Who has sockets while this one drains. */
  get successors(): readonly number[] {
    return this.#members
  }

  /** From now on this worker begins nothing. */
  drain(successors: readonly number[]): void {
    this.#isDraining = true
    this.#members = successors
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** What older workers still have under way and what they hold, for the next generation. */
  elsewhere(): Handover[] {
    const keys = new Map<number, string[]>()
    for (const worker of this.#held.keys()) keys.set(worker, [])
    for (const [key, worker] of this.#live) {
      const ofWorker = keys.get(worker)
      if (ofWorker) ofWorker.push(key)
      else keys.set(worker, [key])
    }
    return [...keys].map(([worker, live]) => ({
      worker,
      keys: live,
      hashes: encodeHashes(this.#held.get(worker)?.serverHashes() ?? []),
    }))
  }

  /** What another worker has is for that one, whatever its seat. */
  add({ worker, keys, hashes }: Handover): void {
    for (const key of keys) this.#live.set(key, worker)
    if (hashes.length === 0) return
    let held = this.#held.get(worker)
    if (!held) {
      const { clock, holdMs } = this.#options
      held = new HeldTransactions({ clock, holdMs, maxOctets: 64 << 20 })
      this.#held.set(worker, held)
    }
    for (let at = 0; at + 8 <= hashes.length; at += 8)
      held.hold({ a: hashes.readUInt32LE(at), b: hashes.readUInt32LE(at + 4) }, heldStates.elsewhere)
  }

  /** A worker ended: what it had is nobody's. */
  forget(worker: number): void {
    this.#held.get(worker)?.stop()
    this.#held.delete(worker)
    for (const [key, owner] of this.#live) if (owner === worker) this.#live.delete(key)
  }

  takesRequest(request: SipRequest, source: Hop): boolean {
    if (!this.#isDraining && this.#members.length === 1 && this.#live.size === 0 && this.#held.size === 0) return false
    const { worker, knows, send } = this.#options
    const { method } = request
    const key = transactionKey(request, method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method)
    const older = this.#live.get(key) ?? this.#heldBy(key)
    if (older !== undefined && send(older, source, request.text)) return true
    if (this.#isDraining && knows(key)) return false
    const seat = this.seatOf(request)
    // Where one is gone the next stands in: all agree on who, so that a call stays whole.
    for (let step = 0; step < this.#members.length; step++) {
      const owner = this.#members[(seat + step) % this.#members.length]
      if (owner === worker) return false
      if (owner !== undefined && send(owner, source, request.text)) return true
    }
    return false
  }

  takesResponse(response: SipResponse, source: Hop): boolean {
    const owner = response.via.branch === undefined ? undefined : workerOf(response.via.branch)
    if (owner === undefined || owner === this.#options.worker) return false
    return this.#options.send(owner, source, response.text)
  }

  #userOf(request: SipRequest): string {
    const uri = parseAddress(request.to)?.uri ?? ''
    const parsed = parseRequestUri(uri)
    return parsed ? this.#options.addressOfRecord(parsed) : uri
  }

  #heldBy(key: string): number | undefined {
    if (this.#held.size === 0) return undefined
    const hash = this.#options.hasher.hash(key)
    for (const [worker, held] of this.#held) if (held.stateOf(hash) !== undefined) return worker
    return undefined
  }
}

/** Eight octets a hash. */
export function encodeHashes(hashes: Iterable<KeyHash>): Buffer {
  const all = [...hashes]
  const octets = Buffer.allocUnsafe(all.length * 8)
  for (const [i, { a, b }] of all.entries()) {
    octets.writeUInt32LE(a, i * 8)
    octets.writeUInt32LE(b, i * 8 + 4)
  }
  return octets
}

function seatOfCall(callId: string, count: number): number {
  return count <= 1 ? 0 : fnv1a(callId) % count
}
