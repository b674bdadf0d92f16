/** DNS messages (RFC 1035 §4): one question, and of a response the records that answer it. */
import { randomBytes } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import dnsPacket, { type Answer as PacketRecord } from 'dns-packet'

export interface SrvRecord {
  readonly priority: number
  readonly weight: number
  readonly port: number
  /** In lower case, without the dot at its end; empty where the service is not offered (RFC 2782). */
  readonly target: string
}

export interface NaptrRecord {
  readonly order: number
  readonly preference: number
  readonly flags: string
  readonly services: string
  readonly regexp: string
  readonly replacement: string
}

/** The records that are asked for, and what each of them says. */
export interface RecordData {
  readonly A: string
  readonly AAAA: string
  readonly SRV: SrvRecord
  readonly NAPTR: NaptrRecord
}
export type RecordType = keyof RecordData

export interface Question {
  readonly id: number
  /** In random case: who answers blindly would have to guess it (draft-vixie-dnsext-dns0x20). */
  readonly name: string
  readonly type: RecordType
}

/** RFC 1035 §4.1.1, by their number. */
const codes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const

export interface DnsResponse {
  readonly code: (typeof codes)[number] | 'other'
  readonly isTruncated: boolean
  /** The question came back in the case that it was asked in. */
  readonly isExact: boolean
  readonly answers: readonly PacketRecord[]
  /** How long it may be remembered that there is no such record (RFC 2308 §5); undefined where no SOA record says so. */
  readonly negativeTtlSeconds: number | undefined
}

/** What a UDP response may have without being cut into fragments (DNS Flag Day 2020). */
export const largestDatagram = 1232
/** Of a response over TCP; one that is larger is taken for no answer. */
export const largestResponse = 16_384
const mostRecords = 512
const smallestQuestion = 5
const smallestRecord = 11
const headerOctets = 12

/** Whether a name can be asked for: RFC 1035 §2.3.4, and characters that host names, SRV and NAPTR names have. */
export function isDnsName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i.test(name)
}

export function newQuestion(name: string, type: RecordType): Question {
  const random = randomBytes(2 + Math.ceil(name.length / 8))
  let mixed = ''
  for (let i = 0; i < name.length; i++) {
    const isUpper = ((random[2 + (i >> 3)] ?? 0) >> (i & 7)) & 1
    mixed += isUpper ? name.charAt(i).toUpperCase() : name.charAt(i).toLowerCase()
  }
  return { id: random.readUInt16BE(0), name: mixed, type }
}

/** `hasExtensions`: EDNS (RFC 6891), for larger datagrams; servers that do not know it say FORMERR. */
export function encodeQuestion({ id, name, type }: Question, hasExtensions: boolean): Buffer {
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type, name, class: 'IN' }],
    ...(hasExtensions && {
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: largestDatagram,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
  })
}

/** Undefined for octets that are no response to the question: whoever sent them, they are not waited for. */
export function readResponse(octets: Buffer, question: Question): DnsResponse | undefined {
  if (!isPlausible(octets, question.id)) return undefined
  let packet: dnsPacket.DecodedPacket
  try {
    packet = dnsPacket.decode(octets)
  } catch {
    return undefined // octets from outside: they are no DNS message
  }
  const [asked] = packet.questions ?? []
  if (asked?.type !== question.type || asked.name.toLowerCase() !== question.name.toLowerCase()) return undefined
  return {
    code: codes[octets.readUInt8(3) & 0xf] ?? 'other',
    isTruncated: packet.flag_tc,
    isExact: asked.name === question.name,
    answers: packet.answers ?? [],
    negativeTtlSeconds: negativeTtlOf(packet.authorities ?? []),
  }
}

/** A response to this id with as many records as it has octets for: the decoder believes the counts. */
function isPlausible(octets: Buffer, id: number): boolean {
  if (octets.length < headerOctets || octets.readUInt16BE(0) !== id || (octets.readUInt8(2) & 0x80) === 0) return false
  const questions = octets.readUInt16BE(4)
  const records = octets.readUInt16BE(6) + octets.readUInt16BE(8) + octets.readUInt16BE(10)
  if (questions !== 1 || records > mostRecords) return false
  return headerOctets + smallestQuestion + records * smallestRecord <= octets.length
}

function negativeTtlOf(authorities: readonly PacketRecord[]): number | undefined {
  for (const record of authorities) if (record.type === 'SOA') return Math.min(ttlOf(record), record.data.minimum ?? 0)
  return undefined
}

/** RFC 2181 §8: what has its highest bit set counts as 0. */
export function ttlOf(record: PacketRecord): number {
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0
  return ttl > 0x7fff_ffff ? 0 : ttl
}

/** What a record of this type says; undefined for a record of another type, and for one that says nothing. */
const readers: { readonly [T in RecordType]: (record: PacketRecord) => RecordData[T] | undefined } = {
  A: (record) => (record.type === 'A' && isIPv4(record.data) ? record.data : undefined),
  AAAA: (record) => (record.type === 'AAAA' && isIPv6(record.data) ? record.data : undefined),
  SRV: (record) => {
    if (record.type !== 'SRV') return undefined
    const { priority = 0, weight = 0, port, target } = record.data
    return { priority, weight, port, target: plainName(target) }
  },
  NAPTR: (record) => {
    if (record.type !== 'NAPTR') return undefined
    const { order, preference, flags, services, regexp, replacement } = record.data
    return { order, preference, flags, services, regexp, replacement: plainName(replacement) }
  },
}

export function dataOf<T extends RecordType>(type: T, record: PacketRecord): RecordData[T] | undefined {
  return readers[type](record)
}

/** In lower case, without the root of all names. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
