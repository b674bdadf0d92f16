import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, notificationOf } from '../../agent/manager/messages.ts'
import { encodeTrapV1, encodeTrapV2, varbindsOf } from '../../agent/notify/notification.ts'
import { formatOid, oid } from '../../lib/smi/oid.ts'
import { critAppProcExited } from '../../subagents/critapp/mib.ts'
import { linkDown } from '../../subagents/mib2/mib.ts'

const community = Buffer.from('public')
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
  const message = decodeMessage(encodeTrapV2(exited, community, 77))
  assert.deepEqual(
    message.varbinds.slice(0, 2).map(({ name }) => formatOid(name)),
    ['1.3.6.1.2.1.1.3.0', '1.3.6.1.6.3.1.1.4.1.0'],
  )
  assert.deepEqual(notificationOf(message), exited)
})

test('a version 1 trap of ours is enterprise-specific, and leads back to the same notification (RFC 3584 §3)', () => {
  const message = decodeMessage(encodeTrapV1(exited, community, oid('1.3.6.1.4.1.32473.1.1'))!)
  assert.deepEqual(message.trapV1, {
    enterprise: oid('1.3.6.1.4.1.32473.12.29.3'),
    generic: 6,
    specific: 1,
    upTimeTicks: 4_000_000_000,
  })
  assert.deepEqual(notificationOf(message), exited)
})

test('a standard trap in version 1 is a generic one of our sysObjectID', () => {
  const down = { trapOid: linkDown.oid, upTimeTicks: 1, varbinds: [] }
  const message = decodeMessage(encodeTrapV1(down, community, oid('1.3.6.1.4.1.32473.1.1'))!)
  assert.deepEqual(message.trapV1, {
    enterprise: oid('1.3.6.1.4.1.32473.1.1'),
    generic: 2,
    specific: 0,
    upTimeTicks: 1,
  })
})

test('a Counter64 does not fit into version 1, so nothing is sent', () => {
  const varbinds = [{ name: oid('1.3.6'), value: { type: 'Counter64', value: 1n } as const }]
  assert.equal(encodeTrapV1({ ...exited, varbinds }, community, oid('1.3')), undefined)
})
