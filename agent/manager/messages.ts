/** Community messages as a manager makes and reads them. */
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { messageVersion, pduTag } from '../message/pdu.ts'
import { snmpTrapOidInstance, sysUpTimeInstance } from '../notify/notification.ts'

export type CommunityVersion = 'v1' | 'v2c'

export interface OutgoingPdu {
  readonly type: 'getRequest' | 'getNextRequest' | 'getBulkRequest' | 'setRequest'
  readonly requestId: number
  readonly nonRepeaters?: number
  readonly maxRepetitions?: number
  readonly varbinds: readonly Varbind[]
}

export interface IncomingMessage {
  readonly version: CommunityVersion
  readonly community: string
  readonly pduType: number
  readonly requestId: number
  readonly errorStatus: number
  readonly errorIndex: number
  readonly varbinds: readonly Varbind[]
  /** The whole PDU, for the acknowledgement of an inform. */
  readonly trapV1?: {
    readonly enterprise: Oid
    readonly generic: number
    readonly specific: number
    readonly upTimeTicks: number
  }
}

export function encodeRequest(version: CommunityVersion, community: string, pdu: OutgoingPdu): Uint8Array {
  return encode(
    version,
    community,
    pduTag[pdu.type],
    pdu.requestId,
    pdu.nonRepeaters ?? 0,
    pdu.maxRepetitions ?? 0,
    pdu.varbinds,
  )
}

/** What an inform is answered with: itself, as a Response (RFC 3416 §4.2.7). */
export function encodeAcknowledgement({ version, community, requestId, varbinds }: IncomingMessage): Uint8Array {
  return encode(version, community, pduTag.response, requestId, 0, 0, varbinds)
}

function encode(
  version: CommunityVersion,
  community: string,
  pduType: number,
  requestId: number,
  first: number,
  second: number,
  varbinds: readonly Varbind[],
): Uint8Array {
  const out = new BerWriter(1500)
  const whole = out.open(tag.sequence)
  out.integer32(messageVersion[version])
  out.octets(Buffer.from(community))
  const pdu = out.open(pduType)
  out.integer32(requestId)
  out.integer32(first)
  out.integer32(second)
  const list = out.open(tag.sequence)
  for (const { name, value } of varbinds) {
    const varbind = out.open(tag.sequence)
    out.oid(name)
    out.value(value)
    out.close(varbind)
  }
  out.close(list)
  out.close(pdu)
  out.close(whole)
  return out.take()
}

/** Throws DecodeError for what is no whole v1 or v2c message. */
export function decodeMessage(bytes: Uint8Array): IncomingMessage {
  const reader = new BerReader().reset(bytes)
  const whole = reader.enter(tag.sequence)
  const number = reader.integer32()
  if (number !== messageVersion.v1 && number !== messageVersion.v2c)
    reader.fail(`message version ${number} is not v1 or v2c`)
  const version = number === messageVersion.v1 ? 'v1' : 'v2c'
  const community = Buffer.from(reader.octets()).toString('utf8')
  const pduType = reader.peekTag()
  const pdu = reader.enter(pduType)
  if (pduType === pduTag.trapV1) {
    const enterprise = reader.oid()
    reader.octets(tag.ipAddress)
    const generic = reader.integer32()
    const specific = reader.integer32()
    const upTimeTicks = reader.unsigned32(tag.timeTicks)
    const varbinds = readVarbinds(reader)
    reader.leave(pdu)
    reader.leave(whole)
    const trapV1 = { enterprise, generic, specific, upTimeTicks }
    return { version, community, pduType, requestId: 0, errorStatus: 0, errorIndex: 0, varbinds, trapV1 }
  }
  const requestId = reader.integer32()
  const errorStatus = reader.integer32()
  const errorIndex = reader.integer32()
  const varbinds = readVarbinds(reader)
  reader.leave(pdu)
  reader.leave(whole)
  return { version, community, pduType, requestId, errorStatus, errorIndex, varbinds }
}

function readVarbinds(reader: BerReader): Varbind[] {
  const varbinds: Varbind[] = []
  const list = reader.enter(tag.sequence)
  while (reader.position < reader.limit) {
    const varbind = reader.enter(tag.sequence)
    varbinds.push({ name: reader.oid(), value: reader.value() })
    reader.leave(varbind)
  }
  reader.leave(list)
  return varbinds
}

/** Trap identity and time of a notification of either version; RFC 3584 §3.1 for version 1. */
export function notificationOf(
  message: IncomingMessage,
): { trapOid: Oid; upTimeTicks: number; varbinds: readonly Varbind[] } | undefined {
  if (message.trapV1) {
    const { enterprise, generic, specific, upTimeTicks } = message.trapV1
    const trapOid = generic < 6 ? [1, 3, 6, 1, 6, 3, 1, 1, 5, generic + 1] : [...enterprise, 0, specific]
    return { trapOid, upTimeTicks, varbinds: message.varbinds }
  }
  const [upTime, trap, ...varbinds] = message.varbinds
  if (upTime?.value.type !== 'TimeTicks' || compareOid(upTime.name, sysUpTimeInstance) !== 0) return undefined
  if (trap?.value.type !== 'ObjectIdentifier' || compareOid(trap.name, snmpTrapOidInstance) !== 0) return undefined
  return { trapOid: trap.value.value, upTimeTicks: upTime.value.value, varbinds }
}
