/** AgentX PDUs from octets, in either byte order (RFC 2741 §5, §6). Throws DecodeError; nothing declared is believed. */
import { DecodeError } from '../lib/ber/decode-error.ts'
import { maxSubIdentifiers, type Oid } from '../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../lib/smi/value.ts'
import { type AgentxBody, type AgentxPdu, type AgentxType, agentxFlag, agentxType, type SearchRange } from './pdu.ts'

export const headerLength = 20
const eightOctets = new DataView(new ArrayBuffer(8))
const types = new Map<number, AgentxType>(
  Object.entries(agentxType).map(([type, number]) => [number, type as AgentxType]),
)

export interface FrameHeader {
  readonly type: number
  readonly flags: number
  readonly sessionId: number
  readonly transactionId: number
  readonly packetId: number
  readonly payloadLength: number
}

/** The header, of which there must be 20 octets. */
export function decodeHeader(bytes: Buffer, at: number): FrameHeader {
  if (bytes[at] !== 1) throw new DecodeError(`AgentX version ${bytes[at]} is not 1`, at)
  const flags = bytes[at + 2]!
  const isBig = (flags & agentxFlag.networkByteOrder) !== 0
  const word = (offset: number): number => (isBig ? bytes.readUInt32BE(at + offset) : bytes.readUInt32LE(at + offset))
  const payloadLength = word(16)
  if (payloadLength % 4 !== 0) throw new DecodeError(`a payload of ${payloadLength} octets is no multiple of 4`, at)
  return {
    type: bytes[at + 1]!,
    flags,
    sessionId: word(4),
    transactionId: word(8),
    packetId: word(12),
    payloadLength,
  }
}

/** One whole PDU; the payload follows its header and is used up to its last octet. */
export function decodePdu(header: FrameHeader, payload: Buffer): AgentxPdu {
  const { flags, sessionId, transactionId, packetId } = header
  const reader = new PayloadReader(payload, (flags & agentxFlag.networkByteOrder) !== 0)
  const type = types.get(header.type) ?? reader.fail(`${header.type} is no type of AgentX PDU`)
  const hasContext = (flags & agentxFlag.nonDefaultContext) !== 0 && mayHaveContext(type)
  const context = hasContext ? reader.text() : ''
  const body = decodeBody(type, reader)
  if (reader.left > 0) reader.fail('octets follow the PDU within its payload')
  return { flags, sessionId, transactionId, packetId, context, ...body }
}

function mayHaveContext(type: AgentxType): boolean {
  switch (type) {
    case 'open':
    case 'close':
    case 'response':
    case 'commitSet':
    case 'undoSet':
    case 'cleanupSet':
      return false
    default:
      return true
  }
}

function decodeBody(type: AgentxType, reader: PayloadReader): AgentxBody {
  switch (type) {
    case 'open': {
      const timeoutSeconds = reader.octet()
      reader.skip(3)
      return { type, timeoutSeconds, id: reader.oid().oid, description: reader.text() }
    }
    case 'close': {
      const reason = reader.octet()
      reader.skip(3)
      return { type, reason }
    }
    case 'register':
    case 'unregister': {
      const timeoutSeconds = reader.octet()
      const priority = reader.octet()
      const rangeSubid = reader.octet()
      reader.skip(1)
      const subtree = reader.oid().oid
      if (rangeSubid > subtree.length) reader.fail('the range is of a sub-identifier that is not there')
      const upperBound = rangeSubid === 0 ? 0 : reader.word()
      if (rangeSubid > 0 && upperBound < subtree[rangeSubid - 1]!) reader.fail('the range ends before it begins')
      return { type, timeoutSeconds, priority, rangeSubid, subtree, upperBound }
    }
    case 'get':
    case 'getNext':
      return { type, ranges: reader.ranges() }
    case 'getBulk': {
      const nonRepeaters = reader.half()
      const maxRepetitions = reader.half()
      return { type, nonRepeaters, maxRepetitions, ranges: reader.ranges() }
    }
    case 'testSet':
    case 'notify':
    case 'indexAllocate':
    case 'indexDeallocate':
      return { type, varbinds: reader.varbinds() }
    case 'addAgentCaps':
      return { type, id: reader.oid().oid, description: reader.text() }
    case 'removeAgentCaps':
      return { type, id: reader.oid().oid }
    case 'response': {
      // A response to a PDU that failed early may end here.
      const upTimeTicks = reader.word()
      const error = reader.half()
      const index = reader.half()
      return { type, upTimeTicks, error, index, varbinds: reader.varbinds() }
    }
    default:
      return { type }
  }
}

class PayloadReader {
  readonly #bytes: Buffer
  readonly #isBig: boolean
  #at = 0

  constructor(bytes: Buffer, isBig: boolean) {
    this.#bytes = bytes
    this.#isBig = isBig
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  octet(): number {
    this.#need(1)
    return this.#bytes[this.#at++]!
  }

  skip(count: number): void {
    this.#need(count)
    this.#at += count
  }

  half(): number {
    this.#need(2)
    const value = this.#isBig ? this.#bytes.readUInt16BE(this.#at) : this.#bytes.readUInt16LE(this.#at)
    this.#at += 2
    return value
  }

  word(): number {
    this.#need(4)
    const value = this.#isBig ? this.#bytes.readUInt32BE(this.#at) : this.#bytes.readUInt32LE(this.#at)
    this.#at += 4
    return value
  }

  #doubleWord(): bigint {
    // Put together of its halves in octets, since each step with a BigInt makes another one.
    const [first, second] = this.#isBig ? [0, 4] : [4, 0]
    eightOctets.setUint32(first, this.word())
    eightOctets.setUint32(second, this.word())
    return eightOctets.getBigUint64(0)
  }

  /** §5.1: a prefix stands for 1.3.6.1.prefix; no sub-identifiers at all is the null OID. */
  oid(): { oid: Oid; include: boolean } {
    const count = this.octet()
    const prefix = this.octet()
    const include = this.octet() !== 0
    this.skip(1)
    if (count + (prefix === 0 ? 0 : 5) > maxSubIdentifiers) this.fail('a name has more than 128 sub-identifiers')
    this.#need(count * 4)
    const from = prefix === 0 ? 0 : 5
    // Of its length from the beginning: one that grows takes twice the room, and an answer has hundreds.
    const oid = new Array<number>(from + count)
    if (prefix !== 0) {
      oid[0] = 1
      oid[1] = 3
      oid[2] = 6
      oid[3] = 1
      oid[4] = prefix
    }
    for (let i = 0; i < count; i++) oid[from + i] = this.word()
    return { oid, include }
  }

  octets(): Uint8Array {
    const length = this.word()
    if (length > this.left) this.fail('a string is longer than its PDU')
    const value = new Uint8Array(length)
    for (let i = 0; i < length; i++) value[i] = this.#bytes[this.#at + i] ?? 0
    this.skip(Math.min(Math.ceil(length / 4) * 4, this.left))
    return value
  }

  text(): string {
    return Buffer.from(this.octets()).toString('utf8')
  }

  ranges(): SearchRange[] {
    const ranges: SearchRange[] = []
    while (this.left > 0) {
      const { oid: start, include } = this.oid()
      ranges.push({ start, include, end: this.oid().oid })
    }
    return ranges
  }

  varbinds(): Varbind[] {
    const varbinds: Varbind[] = []
    while (this.left > 0) {
      const type = this.half()
      this.skip(2)
      const name = this.oid().oid
      varbinds.push({ name, value: this.#value(type) })
    }
    return varbinds
  }

  fail(message: string): never {
    throw new DecodeError(message, this.#at)
  }

  #value(type: number): SnmpValue {
    switch (type) {
      case 2:
        return { type: 'Integer32', value: this.word() | 0 }
      case 4:
        return { type: 'OctetString', value: this.octets() }
      case 5:
        return { type: 'Null' }
      case 6: {
        const { oid } = this.oid()
        // The null OID is what AgentX has for 0.0 (§5.1).
        return { type: 'ObjectIdentifier', value: oid.length === 0 ? [0, 0] : oid }
      }
      case 64: {
        const value = this.octets()
        if (value.length !== 4) this.fail('an IpAddress has four octets')
        return { type: 'IpAddress', value }
      }
      case 65:
        return { type: 'Counter32', value: this.word() }
      case 66:
        return { type: 'Gauge32', value: this.word() }
      case 67:
        return { type: 'TimeTicks', value: this.word() }
      case 68:
        return { type: 'Opaque', value: this.octets() }
      case 70: {
        return { type: 'Counter64', value: this.#doubleWord() }
      }
      case 128:
        return { type: 'noSuchObject' }
      case 129:
        return { type: 'noSuchInstance' }
      case 130:
        return { type: 'endOfMibView' }
      default:
        return this.fail(`${type} is no type of value`)
    }
  }

  #need(count: number): void {
    if (this.#at + count > this.#bytes.length) this.fail('a PDU ends too early')
  }
}
