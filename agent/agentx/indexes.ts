/** Index values given out to subagents (RFC 2741 §7.1.2): two of them never get the same one. */

import { agentxError } from '../../agentx/pdu.ts'
import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { formatOid } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'

export type IndexRequest = 'given' | 'new' | 'any'
export type IndexResult = { readonly varbinds: Varbind[] } | { readonly error: number; readonly index: number }

/** A session, and who pays for what it holds. */
export interface IndexHolder {
  readonly id: number
  readonly account: OctetAccount
}

/** The values of one name that sessions have now. */
interface Allocations {
  readonly type: SnmpValue['type']
  /** The session that has a value, by the value's key. */
  readonly values: Map<string, number>
  /** Ever given out: a new one is above it. */
  highest: number
  /** Some numbers that were given back, for those that take any. */
  readonly free: Set<number>
}

/** Values of all names and sessions together, and of one session. */
const valuesAtMost = 65_536
const valuesOfSessionAtMost = 4096
/** Octets of a string that can be an index: a name has 128 sub-identifiers. */
const longestValue = 128
/** Names that nobody has a value of are remembered, so that a new one is new; and of each name some free values. */
const namesRemembered = 256
const freeRemembered = 64

export class IndexAllocator {
  readonly #names = new Map<string, Allocations>()
  /** Names that nobody has a value of any more, the oldest first. */
  readonly #idle = new Map<string, Allocations>()
  readonly #countOf = new Map<number, number>()
  #valueCount = 0

  /** All or none of the values are given. */
  allocate(session: IndexHolder, varbinds: readonly Varbind[], request: IndexRequest): IndexResult {
    const given: Varbind[] = []
    for (const [i, { name, value }] of varbinds.entries()) {
      const result = this.#allocateOne(session, formatOid(name), value, request)
      if (typeof result === 'number') {
        this.release(session, given)
        return { error: result, index: i + 1 }
      }
      given.push({ name, value: result })
    }
    return { varbinds: given }
  }

  /** All or none of the values are given back. */
  release(session: IndexHolder, varbinds: readonly Varbind[]): IndexResult {
    for (const [i, { name, value }] of varbinds.entries()) {
      const values = this.#names.get(formatOid(name))?.values
      if (values?.get(keyOf(value)) !== session.id) return { error: agentxError.indexNotAllocated, index: i + 1 }
    }
    for (const { name, value } of varbinds) this.#giveBack(formatOid(name), keyOf(value), session)
    return { varbinds: [...varbinds] }
  }

  /** The session is gone, and its values may be had again, but not as new ones. */
  releaseAll(session: IndexHolder): void {
    if (!this.#countOf.has(session.id)) return
    for (const [name, { values }] of [...this.#names])
      for (const [key, owner] of [...values]) if (owner === session.id) this.#giveBack(name, key, session)
  }

  #allocateOne(session: IndexHolder, name: string, value: SnmpValue, request: IndexRequest): SnmpValue | number {
    const { type } = value
    if (type !== 'Integer32' && type !== 'OctetString' && type !== 'ObjectIdentifier' && type !== 'IpAddress')
      return agentxError.indexWrongType
    const allocations = this.#names.get(name) ?? this.#idleOf(name, type)
    if (allocations.type !== type) return agentxError.indexWrongType
    const isFull = this.#valueCount >= valuesAtMost || (this.#countOf.get(session.id) ?? 0) >= valuesOfSessionAtMost
    if (isFull || (type === 'OctetString' && value.value.length > longestValue)) return agentxError.indexNoneAvailable
    if (request === 'given') {
      if (allocations.values.has(keyOf(value))) return agentxError.indexAlreadyAllocated
      return this.#give(name, allocations, session, value)
    }
    // Values of other types cannot be made up.
    if (value.type !== 'Integer32') return agentxError.indexNoneAvailable
    const [free] = request === 'any' ? allocations.free : []
    const number = free ?? allocations.highest + 1
    if (number > 0x7fff_ffff) return agentxError.indexNoneAvailable
    return this.#give(name, allocations, session, { type: 'Integer32', value: number })
  }

  #idleOf(name: string, type: Allocations['type']): Allocations {
    const idle = this.#idle.get(name)
    return idle?.type === type ? idle : { type, values: new Map(), highest: 0, free: new Set() }
  }

  #give(name: string, allocations: Allocations, session: IndexHolder, value: SnmpValue): SnmpValue | number {
    const key = keyOf(value)
    if (!session.account.take(costOf(name, key), session.id)) return agentxError.indexNoneAvailable
    this.#names.set(name, allocations)
    this.#idle.delete(name)
    allocations.values.set(key, session.id)
    this.#valueCount++
    this.#countOf.set(session.id, (this.#countOf.get(session.id) ?? 0) + 1)
    if (value.type === 'Integer32') {
      allocations.highest = Math.max(allocations.highest, value.value)
      allocations.free.delete(value.value)
    }
    return value
  }

  #giveBack(name: string, key: string, session: IndexHolder): void {
    const allocations = this.#names.get(name)
    if (!allocations?.values.delete(key)) return
    this.#valueCount--
    session.account.give(costOf(name, key), session.id)
    const left = (this.#countOf.get(session.id) ?? 0) - 1
    if (left > 0) this.#countOf.set(session.id, left)
    else this.#countOf.delete(session.id)
    if (allocations.type === 'Integer32' && allocations.free.size < freeRemembered)
      allocations.free.add(Number(key.slice(2)))
    if (allocations.values.size > 0) return
    this.#names.delete(name)
    this.#idle.set(name, allocations)
    if (this.#idle.size > namesRemembered) this.#idle.delete(this.#idle.keys().next().value ?? '')
  }
}

/** A value may be the only one of its name, and then holds the name too. */
function costOf(name: string, key: string): number {
  return 256 + 2 * (name.length + key.length)
}

function keyOf(value: SnmpValue): string {
  return 'value' in value
    ? `${value.type[0]} ${typeof value.value === 'object' ? value.value.join('.') : value.value}`
    : value.type
}
