import assert from 'node:assert/strict'
import { test } from 'node:test'
import { varbindsOf } from '../../lib/mib/notification.ts'
import { formatOid, oid } from '../../lib/smi/oid.ts'
import { notificationOf } from '../../snmp/manager/messages.ts'
import { decodeCommunityMessage, encodeCommunityMessage } from '../../snmp/message/community-message.ts'
import { writePdu } from '../../snmp/message/pdu.ts'
import { type NotificationMessage, varbindsV2, writeTrapV1 } from '../../snmp/notification.ts'
import { critAppProcExited } from '../../subagents/critapp/mib.ts'
import { linkDown } from '../../subagents/mib2/mib.ts'

const community = Buffer.from('public')
const encodeTrapV2 = (message: NotificationMessage): Uint8Array =>
  encodeCommunityMessage('v2c', community, (out) => writePdu(out, 'trapV2', 77, varbindsV2(message)))
function encodeTrapV1(
  message: NotificationMessage,
  sysObjectId: readonly number[],
  address = '192.0.2.9',
): Uint8Array | undefined {
  let fits = true
  const bytes = encodeCommunityMessage('v1', community, (out) => {
    fits = writeTrapV1(out, message, { sysObjectId, address })
  })
  return fits ? bytes : undefined
}
const exited = {
  trapOid: critAppProcExited.oid,
  upTimeTicks: 4_000_000_000,
  varbinds: varbindsOf(
    critAppProcExited,
    { critAppProcIndex: 3 },
    { critAppProcName: 'sipd', critAppOperStatus: 'down', critAppRestarts: 5 },
  ),
}

test('a notification has its objects in declared order, with the instance of their row; those without value are left out', () => {
  assert.deepEqual(
    exited.varbinds.map(({ name }) => formatOid(name).replace('1.3.6.1.4.1.32473.12.29.1.1.1.', '')),
    ['2.3', '11.3', '20.3'],
  )
})

test('a version 2 trap starts with sysUpTime.0 and snmpTrapOID.0', () => {
  const message = decodeCommunityMessage(encodeTrapV2(exited))
  assert.deepEqual(
    message.varbinds.slice(0, 2).map(({ name }) => formatOid(name)),
    ['1.3.6.1.2.1.1.3.0', '1.3.6.1.6.3.1.1.4.1.0'],
  )
  assert.deepEqual(notificationOf(message), exited)
})

test('a version 1 trap of ours is enterprise-specific, and leads back to the same notification (RFC 3584 §3)', () => {
  const message = decodeCommunityMessage(encodeTrapV1(exited, oid('1.3.6.1.4.1.32473.1.1'))!)
  assert.deepEqual(message.trapV1, {
    enterprise: oid('1.3.6.1.4.1.32473.12.29.3'),
    agentAddress: '192.0.2.9',
    generic: 6,
    specific: 1,
    upTimeTicks: 4_000_000_000,
  })
  assert.deepEqual(notificationOf(message), exited)
})

test('a standard trap in version 1 is a generic one of our sysObjectID', () => {
  const down = { trapOid: linkDown.oid, upTimeTicks: 1, varbinds: [] }
  const message = decodeCommunityMessage(encodeTrapV1(down, oid('1.3.6.1.4.1.32473.1.1'))!)
  assert.deepEqual(message.trapV1, {
    enterprise: oid('1.3.6.1.4.1.32473.1.1'),
    agentAddress: '192.0.2.9',
    generic: 2,
    specific: 0,
    upTimeTicks: 1,
  })
})

test('a Counter64 does not fit into version 1, so nothing is sent', () => {
  const varbinds = [{ name: oid('1.3.6'), value: { type: 'Counter64', value: 1n } as const }]
  assert.equal(encodeTrapV1({ ...exited, varbinds }, oid('1.3')), undefined)
})

test('agent-addr is whom the notification names, else the sender; 0.0.0.0 over IPv6 (RFC 3584 §3.2)', () => {
  const addressOf = (message: typeof exited, address?: string) =>
    decodeCommunityMessage(encodeTrapV1(message, oid('1.3'), address)!).trapV1?.agentAddress
  const snmpTrapAddress = {
    name: oid('1.3.6.1.6.3.18.1.3.0'),
    value: { type: 'IpAddress', value: Uint8Array.of(10, 0, 0, 7) } as const,
  }
  assert.equal(addressOf(exited, '192.0.2.9'), '192.0.2.9')
  assert.equal(addressOf(exited, 'fd77::1'), '0.0.0.0')
  assert.equal(addressOf({ ...exited, varbinds: [...exited.varbinds, snmpTrapAddress] }, '192.0.2.9'), '10.0.0.7')
})
