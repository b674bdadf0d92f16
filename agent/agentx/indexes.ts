/** Index values given out to subagents (RFC 2741 §7.1.2): two of them never get the same one. */
import { formatOid } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'
import { agentxError } from './pdu.ts'

export type IndexWish = 'given' | 'new' | 'any'
export type IndexResult = { readonly varbinds: Varbind[] } | { readonly error: number; readonly index: number }

interface Allocations {
  readonly type: SnmpValue['type']
  /** Value by key, with the session that has it; undefined when it was given back. */
  readonly values: Map<string, number | undefined>
  highest: number
}

/** Values of all names together, so that one subagent cannot fill the memory. */
const valuesAtMost = 65_536

export class IndexAllocator {
  readonly #names = new Map<string, Allocations>()
  /** Given out or given back, of all names. */
  #valueCount = 0

  /** All or none of the values are given. */
  allocate(sessionId: number, varbinds: readonly Varbind[], wish: IndexWish): IndexResult {
    const given: Varbind[] = []
    for (const [i, { name, value }] of varbinds.entries()) {
      const result = this.#allocateOne(sessionId, formatOid(name), value, wish)
      if (typeof result === 'number') {
        this.release(sessionId, given)
        return { error: result, index: i + 1 }
      }
      given.push({ name, value: result })
    }
    return { varbinds: given }
  }

  release(sessionId: number, varbinds: readonly Varbind[]): IndexResult {
    for (const [i, { name, value }] of varbinds.entries()) {
      const values = this.#names.get(formatOid(name))?.values
      if (values?.get(keyOf(value)) !== sessionId) return { error: agentxError.indexNotAllocated, index: i + 1 }
    }
    for (const { name, value } of varbinds) this.#names.get(formatOid(name))!.values.set(keyOf(value), undefined)
    return { varbinds: [...varbinds] }
  }

  /** The session is gone, and its values may be had again, but not as new ones. */
  releaseAll(sessionId: number): void {
    for (const { values } of this.#names.values())
      for (const [key, owner] of values) if (owner === sessionId) values.set(key, undefined)
  }

  #allocateOne(sessionId: number, name: string, value: SnmpValue, wish: IndexWish): SnmpValue | number {
    const { type } = value
    if (type !== 'Integer32' && type !== 'OctetString' && type !== 'ObjectIdentifier' && type !== 'IpAddress')
      return agentxError.indexWrongType
    const allocations = this.#names.get(name) ?? { type, values: new Map(), highest: 0 }
    if (allocations.type !== type) return agentxError.indexWrongType
    if (this.#valueCount >= valuesAtMost) return agentxError.indexNoneAvailable
    const { values } = allocations
    if (wish === 'given') {
      if (values.get(keyOf(value)) !== undefined) return agentxError.indexAlreadyAllocated
      return this.#give(name, allocations, sessionId, value)
    }
    // Values of other types cannot be made up.
    if (value.type !== 'Integer32') return agentxError.indexNoneAvailable
    if (wish === 'any') {
      const free = [...values].find(([, owner]) => owner === undefined)
      if (free) return this.#give(name, allocations, sessionId, { type: 'Integer32', value: Number(free[0].slice(2)) })
    }
    if (allocations.highest >= 0x7fff_ffff) return agentxError.indexNoneAvailable
    return this.#give(name, allocations, sessionId, { type: 'Integer32', value: allocations.highest + 1 })
  }

  #give(name: string, allocations: Allocations, sessionId: number, value: SnmpValue): SnmpValue {
    const key = keyOf(value)
    this.#names.set(name, allocations)
    if (!allocations.values.has(key)) this.#valueCount++
    allocations.values.set(key, sessionId)
    if (value.type === 'Integer32') allocations.highest = Math.max(allocations.highest, value.value)
    return value
  }
}

function keyOf(value: SnmpValue): string {
  return 'value' in value
    ? `${value.type[0]} ${typeof value.value === 'object' ? value.value.join('.') : value.value}`
    : value.type
}
