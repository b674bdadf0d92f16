import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InformChannel } from '../../agent/notify/channel.ts'
import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { Client } from '../../snmp/manager/client.ts'
import { CommunityConversation } from '../../snmp/manager/conversation.ts'

const tenMinutesMs = 600_000

function channelOf(clock: ManualClock, timeoutMs: number, account: OctetAccount, onSend: () => void = () => {}) {
  const conversation = new CommunityConversation('v2c', Buffer.from('public'))
  const client = new Client({ conversation, clock, timeoutMs, retries: 3, peerName: 'target', send: onSend })
  const counts = { sent: 0, acknowledged: 0, lost: 0, lastError: '' }
  const target = {
    name: 'target',
    kind: 'inform',
    host: '127.0.0.1',
    port: 162,
    timeoutMs,
    retries: 3,
    version: 'snmpv2c',
    securityModel: 'snmpv2c',
    securityName: 'public',
    securityLevel: 'noAuthNoPriv',
    filter: undefined,
  } as const
  return { channel: new InformChannel({ target, client, clock, log: silentLog, counts, account }), counts }
}

test('informs to a target with a time-out of 248 days are given up after ten minutes, and those behind them are sent', async () => {
  const clock = new ManualClock()
  let sent = 0
  const timeoutMs = 2_147_483_647 * 10
  const { channel, counts } = channelOf(clock, timeoutMs, new OctetAccount(1 << 20), () => sent++)
  for (let i = 0; i < 8; i++) channel.send({ trapOid: [1, 3, i], upTimeTicks: 0, varbinds: [] })
  clock.advance(tenMinutesMs / 2)
  channel.send({ trapOid: [1, 3, 9], upTimeTicks: 0, varbinds: [] })
  assert.deepEqual([sent, counts.lost], [8, 0])
  clock.advance(tenMinutesMs / 2)
  await new Promise(setImmediate)
  assert.deepEqual([sent, counts.lost, channel.waiting], [9, 8, 1])
  // The ninth has waited for five minutes already.
  clock.advance(tenMinutesMs / 2)
  await new Promise(setImmediate)
  assert.deepEqual([counts.lost, channel.waiting], [9, 0])
  assert.match(counts.lastError, /did not answer within 300 s/)
  clock.advance(timeoutMs)
  assert.equal(sent, 9, 'none is sent again')
})

test('informs that wait are bounded in octets: the oldest give way, are counted as lost, and all is given back', async () => {
  const clock = new ManualClock()
  const account = new OctetAccount(100_000)
  const { channel, counts } = channelOf(clock, 1000, account)
  const value = { type: 'OctetString', value: new Uint8Array(4000) } as const
  for (let i = 0; i < 40; i++) channel.send({ trapOid: [1, 3, i], upTimeTicks: 0, varbinds: [{ name: [1, 3], value }] })
  assert.ok(account.held <= 100_000 && channel.waiting >= 8, `${channel.waiting} wait`)
  assert.equal(counts.lost, 40 - channel.waiting)
  assert.match(counts.lastError, /more octets waited than there is room for/)
  const left = channel.close()
  await new Promise(setImmediate)
  assert.ok(left.length > 0)
  assert.equal(account.held, 0)
})

test('informs of programs of others take a quarter of the queue, in number and in octets, and push none of ours out', async () => {
  const clock = new ManualClock()
  const { channel, counts } = channelOf(clock, 1000, new OctetAccount(64 << 20))
  for (let i = 0; i < 8; i++) channel.send({ trapOid: [1, 3, 0], upTimeTicks: 0, varbinds: [] }) // in flight
  const ours = { trapOid: [1, 3, 1], upTimeTicks: 0, varbinds: [] }
  for (let i = 0; i < 700; i++) channel.send(ours)
  for (let i = 0; i < 2000; i++) channel.send({ trapOid: [1, 3, 2], upTimeTicks: 0, varbinds: [], isForeign: true })
  assert.equal(channel.waiting, 8 + 700 + 250)
  const value = { type: 'OctetString', value: new Uint8Array(8000) } as const
  for (let i = 0; i < 250; i++)
    channel.send({ trapOid: [1, 3, 2], upTimeTicks: 0, varbinds: [{ name: [1, 3], value }], isForeign: true })
  const left = channel.close()
  await new Promise(setImmediate)
  assert.equal(left.filter((message) => !message.isForeign).length, 700)
  const foreign = left.length - 700
  assert.ok(foreign > 20 && foreign < 70, `${foreign} of others wait`)
  assert.equal(counts.lost, 8 + 2250 - foreign)
})
