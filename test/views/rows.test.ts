import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid } from '../../lib/smi/oid.ts'
import { logOf } from '../../views/logs.ts'
import { targetsOf } from '../../views/targets.ts'

test('a log that cannot be followed, one that is too large, and one that is off say so', () => {
  const row = {
    siLogIndex: 1,
    siLogFileName: '/var/log/messages',
    siLogRowStatus: 'active',
    siLogOperState: 'ok',
    siLogSizeState: 'below',
  } as const
  const attention = (more: object): string => logOf({ ...row, ...more }).attention
  assert.equal(attention({}), 'followed')
  assert.equal(attention({ siLogSizeState: 'above' }), 'large')
  assert.equal(attention({ siLogSizeState: 'above', siLogOperState: 'noPermission' }), 'failed')
  assert.equal(attention({ siLogRowStatus: 'notInService' }), 'off')
  assert.equal(logOf({ ...row, siLogSize: 0xffff_ffff, siLogSizeHigh: 1, siLogSizeLow: 5 }).sizeOctets, 4_294_967_301)
  assert.equal(logOf({ ...row, siLogRotateLastError: 'no room' }).lastError, 'no room')
  assert.equal(logOf({ ...row, siLogLastMatchTime: new Date(0) }).lastMatch, '1970-01-01T00:00:00.000Z')
  assert.equal(logOf(row).lastMatch, undefined)
})

test('targets that fail come first, then those that somebody waits for, and those that are off last', () => {
  const target = (snmpTargetAddrName: string, status: 'active' | 'notInService' = 'active') => ({
    snmpTargetAddrName,
    snmpTargetAddrTDomain: oid('1.3.6.1.6.1.1'),
    snmpTargetAddrTAddress: Uint8Array.of(192, 0, 2, 1, 0, 162),
    snmpTargetAddrTagList: 'all  critical',
    snmpTargetAddrRowStatus: status,
  })
  const targets = targetsOf(
    ['off', 'idle', 'sent', 'waits', 'fails'].map((name) => target(name, name === 'off' ? 'notInService' : 'active')),
    [
      { snmpTargetAddrName: 'sent', castellanTargetSent: 3 },
      { snmpTargetAddrName: 'waits', castellanTargetSent: 3, castellanTargetWaiting: 1 },
      { snmpTargetAddrName: 'fails', castellanTargetLost: 1, castellanTargetLastError: 'no answer' },
    ],
  )
  assert.deepEqual(
    targets.map(({ name, state }) => `${name} ${state}`),
    ['fails failing', 'waits pending', 'sent sent', 'idle idle', 'off off'],
  )
  assert.deepEqual([targets[0]?.address, targets[0]?.tags], ['192.0.2.1:162', ['all', 'critical']])
})
