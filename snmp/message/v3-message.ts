/** SNMPv3 messages, RFC 3412 §6: header, security parameters, and a scoped PDU that may be encrypted. */

import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import type { BerWriter } from '../../lib/ber/writer.ts'
import type { SecurityLevel } from '../../lib/smi/principal.ts'
import { messageVersion } from './pdu.ts'

export interface V3Header {
  readonly msgId: number
  readonly msgMaxSize: number
  readonly level: SecurityLevel
  readonly isReportable: boolean
  readonly securityModel: number
}

export interface UsmParameters {
  readonly engineId: Uint8Array
  readonly boots: number
  readonly time: number
  readonly userName: string
  readonly digestAt: number
  readonly digestLength: number
  readonly privParameters: Uint8Array
}

const usmSecurityModel = 3
const authFlag = 1
const privFlag = 2
const reportableFlag = 4

/** A message as it came; its scoped PDU is encrypted at authPriv. */
export interface IncomingV3 {
  readonly bytes: Uint8Array
  readonly header: V3Header
  readonly parameters: UsmParameters
  readonly data: Uint8Array
}

/** What counts a message that goes no further: privacy without authentication (§6.4), or a model that is not USM. */
export type UnreadV3 = 'snmpInvalidMsgs' | 'snmpUnknownSecurityModels'

/** A whole message. Throws DecodeError for what is none. */
export function decodeV3(bytes: Uint8Array): IncomingV3 | UnreadV3 {
  const reader = new BerReader().reset(bytes)
  const whole = reader.enter(tag.sequence)
  if (reader.integer32() !== messageVersion.v3) reader.fail('this is no message of version 3')
  return readV3(reader, whole)
}

/** The same of a reader that stands behind msgVersion; `parentLimit` is what `enter` gave for the message. */
export function readV3(reader: BerReader, parentLimit: number): IncomingV3 | UnreadV3 {
  const { bytes } = reader
  const header = readHeader(reader)
  if (!header) return 'snmpInvalidMsgs'
  if (header.securityModel !== usmSecurityModel) return 'snmpUnknownSecurityModels'
  const parameters = readUsmParameters(reader)
  const data = readScopedData(reader, header.level)
  reader.leave(parentLimit)
  if (reader.position !== bytes.length) reader.fail('octets follow the message')
  return { bytes, header, parameters, data }
}

/** Reads what follows msgVersion, up to the security parameters. Undefined: privacy without authentication (§6.4). */
function readHeader(reader: BerReader): V3Header | undefined {
  const header = reader.enter(tag.sequence)
  const msgId = reader.integer32()
  const msgMaxSize = reader.integer32()
  const flags = reader.view()
  const securityModel = reader.integer32()
  reader.leave(header)
  if (msgId < 0) reader.fail('msgID is negative')
  if (msgMaxSize < 484) reader.fail('msgMaxSize is less than 484')
  const [flag] = flags
  if (flag === undefined || flags.length !== 1) return reader.fail('msgFlags has one octet')
  if (securityModel < 1) reader.fail('msgSecurityModel is less than 1')
  const isReportable = (flag & reportableFlag) !== 0
  switch (flag & (authFlag | privFlag)) {
    case 0:
      return { msgId, msgMaxSize, level: 'noAuthNoPriv', isReportable, securityModel }
    case authFlag:
      return { msgId, msgMaxSize, level: 'authNoPriv', isReportable, securityModel }
    case authFlag | privFlag:
      return { msgId, msgMaxSize, level: 'authPriv', isReportable, securityModel }
    default:
      return undefined
  }
}

/** RFC 3414 §2.4: the security parameters are a message of their own within an OCTET STRING. */
function readUsmParameters(reader: BerReader): UsmParameters {
  const outer = reader.enter(tag.octetString)
  const list = reader.enter(tag.sequence)
  const engineId = reader.octets()
  const boots = reader.integer32()
  const time = reader.integer32()
  const userName = reader.text()
  const digestEnd = reader.header(tag.octetString)
  const digestAt = reader.position
  reader.position = digestEnd
  const privParameters = reader.octets()
  reader.leave(list)
  reader.leave(outer)
  if (boots < 0 || time < 0) reader.fail('boots or time is negative')
  if (userName.length > 32) reader.fail('a user name has at most 32 octets')
  return { engineId, boots, time, userName, digestAt, digestLength: digestEnd - digestAt, privParameters }
}

/** The scoped PDU as it stands: a sequence at noAuthNoPriv and authNoPriv, an OCTET STRING at authPriv. */
function readScopedData(reader: BerReader, level: SecurityLevel): Uint8Array {
  if (level === 'authPriv') return reader.view()
  const start = reader.position
  reader.position = reader.header(tag.sequence)
  return reader.bytes.subarray(start, reader.position)
}

export interface OutgoingV3 {
  readonly msgId: number
  readonly msgMaxSize: number
  readonly level: SecurityLevel
  readonly isReportable?: boolean
  readonly engineId: Uint8Array
  readonly boots: number
  readonly time: number
  readonly userName: string
  readonly digestLength: number
  readonly privParameters: Uint8Array
}

/** Writes a whole message around a scoped PDU (encrypted at authPriv); gives where the digest is to be put. */
export function writeV3(out: BerWriter, message: OutgoingV3, scopedData: Uint8Array): number {
  out.position = 0
  const whole = out.open(tag.sequence)
  out.integer32(messageVersion.v3)
  const header = out.open(tag.sequence)
  out.integer32(message.msgId)
  out.integer32(message.msgMaxSize)
  const flags = message.level === 'authPriv' ? authFlag | privFlag : message.level === 'authNoPriv' ? authFlag : 0
  out.header(tag.octetString, 1)
  out.bytes[out.position++] = flags | (message.isReportable ? reportableFlag : 0)
  out.integer32(usmSecurityModel)
  out.close(header)
  const outer = out.open(tag.octetString)
  const list = out.open(tag.sequence)
  out.octets(message.engineId)
  out.integer32(message.boots)
  out.integer32(message.time)
  out.text(message.userName)
  out.octets(new Uint8Array(message.digestLength))
  const digestAt = out.position - message.digestLength
  out.octets(message.privParameters)
  out.close(list)
  out.close(outer)
  if (message.level === 'authPriv') out.octets(scopedData)
  else out.raw(scopedData)
  out.close(whole)
  return digestAt
}
