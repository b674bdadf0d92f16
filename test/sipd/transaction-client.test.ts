import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SipResponse } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { caller, headers, kindsOf, responseTo } from './proxy-support.ts'
import { overTcp, overUdp, tickMs, transactions } from './transaction-support.ts'

test('timer A: an INVITE is sent again after T1, and doubled each time, until B ends it after 64*T1 (§17.1.1.2)', () => {
  const { client, clock, againAtMs, told, layer } = transactions()
  client('INVITE', overUdp)
  clock.advance(31_990)
  assert.deepEqual(againAtMs(), [500, 1500, 3500, 7500, 15_500, 31_500])
  assert.deepEqual(told, [])
  clock.advance(tickMs)
  assert.deepEqual(told, ['timeout'])
  assert.equal(layer.live, 0)
})

test('timer E: any other request is sent again after T1, doubled up to T2, until F ends it after 64*T1 (§17.1.2.2)', () => {
  const { client, clock, againAtMs, told } = transactions()
  client('MESSAGE', overUdp)
  clock.advance(32_000 + tickMs)
  assert.deepEqual(againAtMs(), [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
  assert.deepEqual(told, ['timeout'])
})

test('timer E is T2 once a provisional response came, and F goes on (§17.1.2.2)', () => {
  const { client, clock, againAtMs, told, answer } = transactions()
  client('MESSAGE', overUdp)
  clock.advance(600)
  answer(100)
  clock.advance(32_000)
  assert.deepEqual(againAtMs(), [500, 1500, 5500, 9500, 13_500, 17_500, 21_500, 25_500, 29_500])
  assert.deepEqual(told, ['100', 'timeout'])
})

test('MaxInviteRetxCount and MaxNonInviteRetxCount bound how often, not how long', () => {
  for (const [method, times] of [
    ['INVITE', [500, 1500]],
    ['MESSAGE', [500]],
  ] as const) {
    const { client, clock, againAtMs, told } = transactions({ inviteRetransmissions: 2, nonInviteRetransmissions: 1 })
    client(method, overUdp)
    clock.advance(31_900)
    assert.deepEqual([againAtMs(), told], [times, []])
    clock.advance(200)
    assert.deepEqual(told, ['timeout'])
  }
})

test('SipT1InMs and SipT2InMs are T1 and T2', () => {
  const { client, clock, againAtMs } = transactions({ t1Ms: 100, t2Ms: 400 })
  client('MESSAGE', overUdp)
  clock.advance(1600)
  assert.deepEqual(againAtMs(), [100, 300, 700, 1100, 1500])
})

test('over a reliable transport nothing is sent again, and B and F end all the same (§17.1.1.2, §17.1.2.2)', () => {
  for (const method of ['INVITE', 'MESSAGE']) {
    const { client, clock, sent, told } = transactions()
    client(method, overTcp)
    clock.advance(32_000 + tickMs)
    assert.equal(sent.length, 1)
    assert.deepEqual(told, ['timeout'])
  }
})

test('a provisional response ends retransmission of an INVITE, which then waits for its user alone (§17.1.1.2)', () => {
  const { client, clock, sent, told, answer, layer } = transactions()
  const transaction = client('INVITE', overUdp)
  clock.advance(400)
  answer(180)
  clock.advance(600_000)
  assert.equal(sent.length, 1)
  assert.deepEqual([told, transaction.state, layer.live], [['180'], 'proceeding', 1])
})

test('a failure of an INVITE gets its ACK: the To of the response, all else of the request (§17.1.1.3)', () => {
  const { client, sent, answer, told } = transactions()
  client('INVITE', overUdp)
  answer(486)
  const [invite, ack] = sent
  assert.deepEqual([kindsOf(sent), told], [['INVITE', 'ACK'], ['486']])
  assert.deepEqual(ack!.hop, overUdp)
  for (const name of ['Via', 'From', 'Call-ID', 'Route'])
    assert.deepEqual(headers(ack!.text, name), headers(invite!.text, name))
  assert.deepEqual(headers(ack!.text, 'To'), ['<sip:bob@example.test>;tag=callee'])
  assert.deepEqual(headers(ack!.text, 'CSeq'), ['1 ACK'])
  assert.equal(ack!.text.split(' ')[1], 'sip:bob@example.test')
})

test('timer D: a failure that comes again gets the ACK again for the hold, over a datagram alone (§17.1.1.2)', () => {
  const { client, sent, answer, told, clock } = transactions()
  client('INVITE', overUdp)
  answer(486)
  clock.advance(31_900)
  assert.equal(answer(486), true)
  assert.deepEqual(kindsOf(sent), ['INVITE', 'ACK', 'ACK'])
  assert.equal(sent[1]!.text, sent[2]!.text)
  clock.advance(9000)
  assert.equal(answer(486), false)
  assert.deepEqual([sent.length, told], [3, ['486']])

  const reliable = transactions()
  reliable.client('INVITE', overTcp)
  reliable.answer(486)
  assert.equal(reliable.answer(486), false)
  assert.equal(reliable.held.size, 0)
})

test('timer M: each 2xx of an INVITE goes upstream for the hold, and no ACK is made here (RFC 6026 §7.2)', () => {
  const { client, sent, answer, told, clock } = transactions()
  client('INVITE', overTcp)
  answer(200)
  assert.deepEqual([kindsOf(sent), told], [['INVITE'], ['200']])
  clock.advance(31_900)
  answer(200)
  assert.deepEqual(kindsOf(sent), ['INVITE', '200'])
  assert.deepEqual(sent[1]!.hop, caller)
  clock.advance(9000)
  assert.equal(answer(200), false)
})

test('a failure after a 2xx, and a 2xx after a failure, are dropped (RFC 6026 figure 4)', () => {
  for (const statuses of [
    [200, 486],
    [486, 200],
  ] as const) {
    const { client, answer, told, sent } = transactions()
    client('INVITE', overUdp)
    answer(statuses[0])
    const before = sent.length
    answer(statuses[1])
    assert.deepEqual([told, sent.length], [[String(statuses[0])], before])
  }
})

test('timer K: what comes after the final response of any other request belongs to nothing (§17.1.2.2)', () => {
  const { client, answer, told, layer } = transactions()
  client('MESSAGE', overUdp)
  assert.equal(answer(200), true)
  assert.equal(layer.live, 0)
  assert.equal(answer(200), false)
  assert.deepEqual(told, ['200'])
})

test('a transport that fails ends the transaction, and its user is told (§17.1.4)', () => {
  for (const method of ['INVITE', 'MESSAGE']) {
    const { client, sent, told, layer, clock } = transactions()
    client(method, overTcp)
    sent[0]!.fail()
    clock.advance(33_000)
    assert.deepEqual([told, layer.live], [['transportError'], 0])
  }
})

test('the response to a CANCEL is not one to its INVITE, though their branch is the same (§17.1.3)', () => {
  const { client, layer, sent, told, answer } = transactions()
  client('INVITE', overUdp)
  client('CANCEL', overUdp)
  const response = parseMessage(Buffer.from(responseTo(sent[1]!.text, 200))) as SipResponse
  assert.equal(layer.receiveResponse(response), true)
  assert.deepEqual([told, layer.live], [['200'], 1])
  assert.equal(answer(180), true, 'the INVITE goes on')
  assert.deepEqual(told, ['200', '180'])
})
