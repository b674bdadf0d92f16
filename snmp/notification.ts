/** A notification as PDUs: SNMPv2-Trap and InformRequest (RFC 3416 §4.2.6, §4.2.7), and the trap of version 1 (RFC 3584 §3.2). */
import { isIPv4 } from 'node:net'
import { tag } from '../lib/ber/tags.ts'
import type { BerWriter } from '../lib/ber/writer.ts'

import { compareOid, type Oid, oid, startsWith } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'
import { pduTag, writeVarbinds } from './message/pdu.ts'

export interface NotificationMessage {
  readonly trapOid: Oid
  readonly upTimeTicks: number
  /** Without sysUpTime.0 and snmpTrapOID.0, which every notification starts with. */
  readonly varbinds: readonly Varbind[]
  /** A program of others notified it, by AgentX: it gives way to what is ours. */
  readonly isForeign?: boolean
}

export const sysUpTimeInstance = oid('1.3.6.1.2.1.1.3.0')
export const snmpTrapOidInstance = oid('1.3.6.1.6.3.1.1.4.1.0')
const snmpTrapEnterpriseInstance = oid('1.3.6.1.6.3.1.1.4.3.0')
const snmpTrapAddressInstance = oid('1.3.6.1.6.3.18.1.3.0')
const snmpTraps = oid('1.3.6.1.6.3.1.1.5')

/** All varbinds, as PDUs of versions 2c and 3 have them. */
export function varbindsV2({ trapOid, upTimeTicks, varbinds }: NotificationMessage): Varbind[] {
  return [
    { name: sysUpTimeInstance, value: { type: 'TimeTicks', value: upTimeTicks } },
    { name: snmpTrapOidInstance, value: { type: 'ObjectIdentifier', value: trapOid } },
    ...varbinds,
  ]
}

/** Octets that varbinds hold in memory, about: `each` for every one of them, and what is in it. */
export function octetsHeldBy(varbinds: readonly Varbind[], each: number): number {
  let octets = 0
  for (const { name, value } of varbinds) {
    octets += each + 8 * name.length
    if ('value' in value && typeof value.value === 'object') octets += 2 * value.value.length
  }
  return octets
}

/** What version 1 says of who sends a trap. */
export interface TrapV1Sender {
  readonly sysObjectId: Oid
  /** The IPv4 address that the trap leaves from, which version 1 names in the PDU; undefined over IPv6. */
  readonly address: string | undefined
}

/** Writes the Trap-PDU; false when a Counter64 is among the values: version 1 has no place for it (RFC 3584 §3.2). */
export function writeTrapV1(
  out: BerWriter,
  message: NotificationMessage,
  { sysObjectId, address }: TrapV1Sender,
): boolean {
  const { trapOid, varbinds } = message
  if (varbinds.some(({ value }) => value.type === 'Counter64')) return false
  const isGeneric =
    startsWith(trapOid, snmpTraps) &&
    trapOid.length === snmpTraps.length + 1 &&
    compareOid(trapOid, [...snmpTraps, 6]) <= 0
  const last = trapOid.at(-1)!
  const named = varbinds.find(({ name }) => compareOid(name, snmpTrapEnterpriseInstance) === 0)?.value
  const enterprise = isGeneric
    ? named?.type === 'ObjectIdentifier'
      ? named.value
      : sysObjectId
    : trapOid.slice(0, trapOid.at(-2) === 0 ? -2 : -1)
  const pdu = out.open(pduTag.trapV1)
  out.oid(enterprise)
  out.octets(agentAddress(varbinds, address), tag.ipAddress)
  out.integer32(isGeneric ? last - 1 : 6)
  out.integer32(isGeneric ? 0 : last)
  out.unsigned32(message.upTimeTicks, tag.timeTicks)
  writeVarbinds(out, varbinds)
  out.close(pdu)
  return true
}

/** RFC 3584 §3.2 (2): whom the notification names, or else who sends it; 0.0.0.0 where that is no IPv4 address. */
function agentAddress(varbinds: readonly Varbind[], address: string | undefined): Uint8Array {
  const named = varbinds.find(({ name }) => compareOid(name, snmpTrapAddressInstance) === 0)?.value
  if (named?.type === 'IpAddress') return named.value
  return address !== undefined && isIPv4(address) ? Uint8Array.from(address.split('.'), Number) : new Uint8Array(4)
}
