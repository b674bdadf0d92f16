import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import { Vacm } from '../../agent/access/vacm.ts'
import { Originator } from '../../agent/notify/originator.ts'
import { makeAccounts } from '../../agent/trust/accounts.ts'
import { declaredNames } from '../../catalogue.ts'
import { silentLog } from '../../lib/log/log.ts'
import { isGuarded } from '../../lib/mib/guarded.ts'
import { varbindsOf } from '../../lib/mib/notification.ts'
import { isText, textVarbind } from '../../lib/mib/notification-text.ts'
import { compareOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Statistics } from '../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../snmp/local-v3.ts'
import { notificationOf } from '../../snmp/manager/messages.ts'
import { decodeCommunityMessage } from '../../snmp/message/community-message.ts'
import type { NotificationMessage } from '../../snmp/notification.ts'
import { siLogMatchesSummary, siLogMatchFound, siLogTable } from '../../subagents/log/mib.ts'

let originator: Originator | undefined
let socket: Socket | undefined
afterEach(async () => {
  await originator?.stop()
  socket?.close()
})

/** What a target gets of these notifications when its notify view has everything but this. */
async function received(
  excluded: readonly Oid[],
  ...sent: readonly Parameters<Originator['send']>[0][]
): Promise<NotificationMessage[]> {
  const receiver = createSocket('udp4')
  socket = receiver
  receiver.bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const whole = (subtree: Oid, included: boolean) => ({
    viewName: 'seen',
    subtree,
    included,
    mask: new Uint8Array(0),
  })
  const access = {
    groupName: 'targets',
    contextPrefix: '',
    contextMatch: 'exact',
    securityModel: 'snmpv2c',
    securityLevel: 'noAuthNoPriv',
    views: { read: '', write: '', notify: 'seen' },
  } as const
  originator = new Originator({
    log: silentLog,
    clock: systemClock,
    statistics: new Statistics(),
    informs: makeAccounts().informs,
    sysObjectId: oid('1.3.6.1.4.1.32473.1.1'),
    sources: { for: () => undefined },
    v3: new LocalV3(new Uint8Array(0)),
  })
  originator.configure({
    targets: [
      {
        name: 'nms',
        kind: 'trap',
        host: '127.0.0.1',
        port: receiver.address().port,
        version: 'snmpv2c',
        securityModel: 'snmpv2c',
        securityName: 'nms',
        securityLevel: 'noAuthNoPriv',
        timeoutMs: 1000,
        retries: 0,
        filter: undefined,
      },
    ],
    communities: [{ name: Buffer.from('nms'), securityName: 'nms', contextName: '' }],
    isGuarded: (name) => isGuarded(declaredNames.objectOf(name) ?? {}),
    vacm: new Vacm(
      [{ securityModel: 'snmpv2c', securityName: 'nms', groupName: 'targets' }],
      [access],
      [whole(oid('1.3'), true), ...excluded.map((subtree) => whole(subtree, false))],
    ),
  })
  const found: NotificationMessage[] = []
  const isDone = new Promise<void>((resolve) => {
    receiver.on('message', (octets) => {
      const message = notificationOf(decodeCommunityMessage(octets))!
      if (compareOid(message.trapOid, last.trapOid) === 0) resolve()
      else found.push(message)
    })
  })
  for (const one of [...sent, last]) originator.send(one)
  await isDone
  return found
}

/** Sent after the others: once it is there, nothing of them is on its way any more. */
const last = { trapOid: oid('1.3.6.1.6.3.1.1.5.1'), upTimeTicks: 1, varbinds: [] }

const values = {
  siLogDescr: 'the error log',
  siLogFileName: '/var/log/error_log',
  siLogRegExp: 'password',
  siLogMatches: 3,
  siLogMatchesSummarized: 2,
  siLogLastMatch: 'password is S3cr3t',
}
const text = textVarbind('error_log: password is S3cr3t')
const found = {
  trapOid: siLogMatchFound.oid,
  upTimeTicks: 7,
  varbinds: varbindsOf(siLogMatchFound, { siLogIndex: 1 }, values),
  text,
}
const summary = {
  trapOid: siLogMatchesSummary.oid,
  upTimeTicks: 7,
  varbinds: varbindsOf(siLogMatchesSummary, { siLogIndex: 1 }, values),
  text,
}
const sentenceOf = ({ varbinds }: NotificationMessage): string => {
  const last = varbinds.at(-1)
  return last && isText(last) && last.value.type === 'OctetString' ? Buffer.from(last.value.value).toString() : ''
}
const isSecret = (message: NotificationMessage): boolean =>
  message.varbinds.some(({ value }) => value.type === 'OctetString' && Buffer.from(value.value).includes('S3cr3t'))

test('a target whose view has not siLogLastMatch gets the alarm without the line, in no varbind and in no sentence', async () => {
  const messages = await received([siLogTable.columns.siLogLastMatch.oid], found, summary)
  assert.deepEqual(messages.map(isSecret), [false, false])
  assert.deepEqual(
    messages.map(({ varbinds }) => varbinds.length),
    [5, 6],
    'all objects but the line, and a sentence',
  )
  for (const message of messages) assert.match(sentenceOf(message), /outside the notify view of this target/)
})

test('a target whose view has siLogLastMatch gets the line and the sentence', async () => {
  const [message] = await received([], found)
  assert.ok(isSecret(message!))
  assert.equal(message!.varbinds.length, 6)
  assert.equal(sentenceOf(message!), 'error_log: password is S3cr3t')
})

test('a target whose view has not an object that everybody may read gets nothing (RFC 3413 §3.3)', async () => {
  assert.deepEqual(await received([siLogTable.columns.siLogMatches.oid], found), [])
})
