/** AgentX PDUs to octets (RFC 2741 §5, §6), in network byte order, one behind the other in a buffer that grows. */
import type { Oid } from '../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../lib/smi/value.ts'
import { type AgentxBody, type AgentxHeader, agentxFlag, agentxType, type SearchRange } from './pdu.ts'

export class AgentxWriter {
  #bytes: Buffer
  #at = 0

  constructor(capacity = 16_384) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#at
  }

  /** Gives what was written, and starts another buffer. */
  take(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return written
  }

  pdu(header: AgentxHeader, body: AgentxBody, context = ''): void {
    const start = this.#at
    this.#need(20)
    const contextFlag = context === '' ? 0 : agentxFlag.nonDefaultContext
    this.#bytes[this.#at++] = 1
    this.#bytes[this.#at++] = agentxType[body.type]
    this.#bytes[this.#at++] = header.flags | agentxFlag.networkByteOrder | contextFlag
    this.#bytes[this.#at++] = 0
    this.#word(header.sessionId)
    this.#word(header.transactionId)
    this.#word(header.packetId)
    this.#word(0)
    if (context !== '') this.#octets(Buffer.from(context))
    this.#body(body)
    this.#bytes.writeUInt32BE(this.#at - start - 20, start + 16)
  }

  #body(body: AgentxBody): void {
    switch (body.type) {
      case 'open':
        this.#four(body.timeoutSeconds, 0, 0, 0)
        this.#oid(body.id, false)
        this.#octets(Buffer.from(body.description))
        return
      case 'close':
        this.#four(body.reason, 0, 0, 0)
        return
      case 'register':
      case 'unregister':
        this.#four(body.timeoutSeconds, body.priority, body.rangeSubid, 0)
        this.#oid(body.subtree, false)
        if (body.rangeSubid > 0) this.#word(body.upperBound)
        return
      case 'get':
      case 'getNext':
        this.#ranges(body.ranges)
        return
      case 'getBulk':
        this.#word(body.nonRepeaters * 65_536 + body.maxRepetitions)
        this.#ranges(body.ranges)
        return
      case 'testSet':
      case 'notify':
      case 'indexAllocate':
      case 'indexDeallocate':
        this.#varbinds(body.varbinds)
        return
      case 'addAgentCaps':
        this.#oid(body.id, false)
        this.#octets(Buffer.from(body.description))
        return
      case 'removeAgentCaps':
        this.#oid(body.id, false)
        return
      case 'response':
        this.#word(body.upTimeTicks)
        this.#word(body.error * 65_536 + body.index)
        this.#varbinds(body.varbinds)
        return
      default:
    }
  }

  #ranges(ranges: readonly SearchRange[]): void {
    for (const { start, include, end } of ranges) {
      this.#oid(start, include)
      this.#oid(end, false)
    }
  }

  #varbinds(varbinds: readonly Varbind[]): void {
    for (const { name, value } of varbinds) {
      this.#word(typeNumbers[value.type] * 65_536)
      this.#oid(name, false)
      this.#value(value)
    }
  }

  #value(value: SnmpValue): void {
    switch (value.type) {
      case 'Integer32':
      case 'Counter32':
      case 'Gauge32':
      case 'TimeTicks':
        this.#word(value.value >>> 0)
        return
      case 'OctetString':
      case 'Opaque':
      case 'IpAddress':
        this.#octets(value.value)
        return
      case 'ObjectIdentifier':
        this.#oid(value.value.length === 2 && value.value[0] === 0 && value.value[1] === 0 ? [] : value.value, false)
        return
      case 'Counter64':
        this.#word(Number(value.value >> 32n))
        this.#word(Number(value.value & 0xffff_ffffn))
        return
      default:
    }
  }

  #oid(oid: Oid, include: boolean): void {
    const isShort = oid.length >= 5 && oid[0] === 1 && oid[1] === 3 && oid[2] === 6 && oid[3] === 1
    const prefix = isShort && oid[4]! > 0 && oid[4]! <= 255 ? oid[4]! : 0
    const from = prefix === 0 ? 0 : 5
    this.#four(oid.length - from, prefix, include ? 1 : 0, 0)
    for (let i = from; i < oid.length; i++) this.#word(oid[i]!)
  }

  #octets(octets: Uint8Array): void {
    this.#word(octets.length)
    const padded = Math.ceil(octets.length / 4) * 4
    this.#need(padded)
    this.#bytes.set(octets, this.#at)
    this.#bytes.fill(0, this.#at + octets.length, this.#at + padded)
    this.#at += padded
  }

  #four(a: number, b: number, c: number, d: number): void {
    this.#need(4)
    this.#bytes[this.#at++] = a
    this.#bytes[this.#at++] = b
    this.#bytes[this.#at++] = c
    this.#bytes[this.#at++] = d
  }

  #word(value: number): void {
    this.#need(4)
    const bytes = this.#bytes
    bytes[this.#at++] = value >>> 24
    bytes[this.#at++] = value >>> 16
    bytes[this.#at++] = value >>> 8
    bytes[this.#at++] = value
  }

  #need(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** v.type, §5.4. */
const typeNumbers: Readonly<Record<SnmpValue['type'], number>> = {
  Integer32: 2,
  OctetString: 4,
  Null: 5,
  ObjectIdentifier: 6,
  IpAddress: 64,
  Counter32: 65,
  Gauge32: 66,
  TimeTicks: 67,
  Opaque: 68,
  Counter64: 70,
  noSuchObject: 128,
  noSuchInstance: 129,
  endOfMibView: 130,
}
