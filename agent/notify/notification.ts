/** A notification as messages: SNMPv2-Trap-PDU (RFC 3416 §4.2.6) and its SNMPv1 form (RFC 3584 §3.2). */
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import { anyDefinition, type Notification } from '../../lib/mib/declare.ts'
import { instanceOf } from '../../lib/mib/instance.ts'
import type { AnyRow } from '../../lib/mib/served.ts'
import { compareOid, type Oid, oid, startsWith } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { messageVersion, pduTag } from '../message/pdu.ts'

export interface NotificationMessage {
  readonly trapOid: Oid
  readonly upTimeTicks: number
  /** Without sysUpTime.0 and snmpTrapOID.0, which every notification starts with. */
  readonly varbinds: readonly Varbind[]
}

export const sysUpTimeInstance = oid('1.3.6.1.2.1.1.3.0')
export const snmpTrapOidInstance = oid('1.3.6.1.6.3.1.1.4.1.0')
const snmpTraps = oid('1.3.6.1.6.3.1.1.5')

/** The varbinds of a declared notification: its objects in declared order, those without a value left out. */
export function varbindsOf(notification: Notification, index: AnyRow, values: AnyRow): Varbind[] {
  return Object.entries(notification.objects).flatMap(([name, object]) => {
    const value = values[name]
    if (value === undefined) return []
    const instance = instanceOf(anyDefinition(object.home), index)
    return [{ name: [...object.oid, ...instance], value: object.syntax.toSnmp(value) }]
  })
}

export function encodeTrapV2(message: NotificationMessage, community: Uint8Array, requestId: number): Uint8Array {
  const out = new BerWriter(1500)
  const whole = out.open(tag.sequence)
  out.integer32(messageVersion.v2c)
  out.octets(community)
  writeTrapPdu(out, message, requestId)
  out.close(whole)
  return out.take()
}

/** The SNMPv2-Trap-PDU, which version 3 carries within its scoped PDU. */
export function writeTrapPdu(out: BerWriter, message: NotificationMessage, requestId: number): void {
  const pdu = out.open(pduTag.trapV2)
  out.integer32(requestId)
  out.integer32(0)
  out.integer32(0)
  writeVarbinds(out, [
    { name: sysUpTimeInstance, value: { type: 'TimeTicks', value: message.upTimeTicks } },
    { name: snmpTrapOidInstance, value: { type: 'ObjectIdentifier', value: message.trapOid } },
    ...message.varbinds,
  ])
  out.close(pdu)
}

/** Undefined when a Counter64 is among the values: version 1 has no place for it (RFC 3584 §3.2). */
export function encodeTrapV1(
  message: NotificationMessage,
  community: Uint8Array,
  sysObjectId: Oid,
): Uint8Array | undefined {
  if (message.varbinds.some(({ value }) => value.type === 'Counter64')) return undefined
  const { trapOid } = message
  const isGeneric =
    startsWith(trapOid, snmpTraps) &&
    trapOid.length === snmpTraps.length + 1 &&
    compareOid(trapOid, [...snmpTraps, 6]) <= 0
  const last = trapOid.at(-1)!
  const enterprise = isGeneric ? sysObjectId : trapOid.slice(0, trapOid.at(-2) === 0 ? -2 : -1)
  const out = new BerWriter(1500)
  const whole = out.open(tag.sequence)
  out.integer32(messageVersion.v1)
  out.octets(community)
  const pdu = out.open(pduTag.trapV1)
  out.oid(enterprise)
  out.octets(Uint8Array.of(0, 0, 0, 0), tag.ipAddress)
  out.integer32(isGeneric ? last - 1 : 6)
  out.integer32(isGeneric ? 0 : last)
  out.unsigned32(message.upTimeTicks, tag.timeTicks)
  writeVarbinds(out, message.varbinds)
  out.close(pdu)
  out.close(whole)
  return out.take()
}

function writeVarbinds(out: BerWriter, varbinds: readonly Varbind[]): void {
  const list = out.open(tag.sequence)
  for (const { name, value } of varbinds) {
    const varbind = out.open(tag.sequence)
    out.oid(name)
    out.value(value)
    out.close(varbind)
  }
  out.close(list)
}
