/** Community messages as a manager makes them, and notifications as it reads them. */
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { type CommunityVersion, encodeCommunityMessage } from '../message/community-message.ts'
import { type Pdu, writePdu } from '../message/pdu.ts'
import { snmpTrapOidInstance, sysUpTimeInstance } from '../notification.ts'
import type { ClientRequest } from './client.ts'

export interface OutgoingPdu extends ClientRequest {
  readonly requestId: number
}

export function encodeRequest(
  version: CommunityVersion,
  community: string,
  { type, requestId, varbinds, nonRepeaters, maxRepetitions }: OutgoingPdu,
): Uint8Array {
  return encodeCommunityMessage(version, Buffer.from(community), (out) =>
    writePdu(out, type, requestId, varbinds, nonRepeaters, maxRepetitions),
  )
}

export interface ReceivedNotification {
  readonly trapOid: Oid
  readonly upTimeTicks: number
  readonly varbinds: readonly Varbind[]
}

/** Trap identity and time of a notification of any version; RFC 3584 §3.1 for version 1. */
export function notificationOf({ trapV1, varbinds: all }: Pdu): ReceivedNotification | undefined {
  if (trapV1) {
    const { enterprise, generic, specific, upTimeTicks } = trapV1
    const trapOid = generic < 6 ? [1, 3, 6, 1, 6, 3, 1, 1, 5, generic + 1] : [...enterprise, 0, specific]
    return { trapOid, upTimeTicks, varbinds: all }
  }
  const [upTime, trap, ...varbinds] = all
  if (upTime?.value.type !== 'TimeTicks' || compareOid(upTime.name, sysUpTimeInstance) !== 0) return undefined
  if (trap?.value.type !== 'ObjectIdentifier' || compareOid(trap.name, snmpTrapOidInstance) !== 0) return undefined
  return { trapOid: trap.value.value, upTimeTicks: upTime.value.value, varbinds }
}
