import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { oid } from '../../lib/smi/oid.ts'
import { nullValue, type SnmpValue } from '../../lib/smi/value.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { Client, TimeoutError, UnreadableAnswerError } from '../../snmp/manager/client.ts'
import { CommunityConversation } from '../../snmp/manager/conversation.ts'
import { decodeCommunityMessage, encodeCommunityMessage } from '../../snmp/message/community-message.ts'
import { pduTag } from '../../snmp/message/pdu.ts'

const name = oid('1.3.6.1.2.1.2.2.1.10.1')

/** A client that has asked; gives what it sent, and takes what comes. */
function asking() {
  const clock = new ManualClock()
  const sent: Uint8Array[] = []
  const client = new Client({
    conversation: new CommunityConversation('v2c', Buffer.from('public')),
    clock,
    timeoutMs: 1000,
    retries: 2,
    peerName: '192.0.2.7:161',
    send: (bytes) => sent.push(bytes),
  })
  const answer = client.ask({ type: 'getRequest', varbinds: [{ name, value: nullValue }] })
  const { requestId } = decodeCommunityMessage(sent[0]!)
  return { clock, client, answer, requestId }
}

/** A response whose one value has this tag and these octets, as wrong as they are. */
function response(requestId: number, valueTag: number, ...octets: number[]): Uint8Array {
  return encodeCommunityMessage('v2c', Buffer.from('public'), (out) => {
    const pdu = out.open(pduTag.response)
    for (const number of [requestId, 0, 0]) out.integer32(number)
    const list = out.open(tag.sequence)
    const varbind = out.open(tag.sequence)
    out.oid(name)
    out.octets(Uint8Array.from(octets), valueTag)
    out.close(varbind)
    out.close(list)
    out.close(pdu)
  })
}

describe('an answer that is not quite one', () => {
  const cases: readonly [string, number, readonly number[], SnmpValue][] = [
    ['Counter32', tag.counter32, [0xff, 0xff, 0xff, 0xfe], { type: 'Counter32', value: 0xffff_fffe }],
    ['Gauge32', tag.gauge32, [0x80, 0, 0, 0], { type: 'Gauge32', value: 0x8000_0000 }],
    ['TimeTicks', tag.timeTicks, [0xf0, 0, 0, 1], { type: 'TimeTicks', value: 0xf000_0001 }],
    ['Counter64', tag.counter64, [0xff, 0, 0, 0, 0, 0, 0, 1], { type: 'Counter64', value: 0xff00_0000_0000_0001n }],
  ]
  for (const [type, valueTag, octets, value] of cases)
    test(`a ${type} without its leading zero octet has the value that net-snmp shows; an agent does not take it`, async () => {
      const { client, answer, requestId } = asking()
      const bytes = response(requestId, valueTag, ...octets)
      client.receive(bytes)
      assert.deepEqual((await answer).varbinds, [{ name, value }])
      assert.throws(() => decodeCommunityMessage(bytes), /negative/)
    })

  test('an INTEGER with an octet to spare has its value', async () => {
    const { client, answer, requestId } = asking()
    client.receive(response(requestId, tag.integer, 0, 0, 0, 0, 7))
    assert.deepEqual((await answer).varbinds[0]?.value, { type: 'Integer32', value: 7 })
  })

  test('one that cannot be decoded is named when the time is over, with what is wrong and where', async () => {
    const { clock, client, answer, requestId } = asking()
    client.receive(response(requestId, 0x4b, 1))
    const failed = assert.rejects(answer, (error: unknown) => {
      assert.ok(error instanceof UnreadableAnswerError)
      assert.match(
        error.message,
        /^192\.0\.2\.7:161 answered with \d+ octets that cannot be decoded: 0x4b is not the tag of a value at octet \d+$/,
      )
      return true
    })
    clock.advance(3000)
    await failed
  })

  test('a good answer that follows one that cannot be decoded is taken: the bad one may be anybody’s', async () => {
    const { client, answer, requestId } = asking()
    client.receive(Uint8Array.of(1, 2, 3))
    client.receive(response(requestId, tag.counter32, 5))
    assert.deepEqual((await answer).varbinds[0]?.value, { type: 'Counter32', value: 5 })
  })

  test('one from another address than was asked is named when the time is over', async () => {
    const { clock, client, answer } = asking()
    client.receiveFromElsewhere('192.0.2.8:161')
    const failed = assert.rejects(answer, (error: unknown) => {
      assert.ok(error instanceof TimeoutError)
      assert.match(error.message, /did not answer within 3 s; a datagram came from 192\.0\.2\.8:161/)
      return true
    })
    clock.advance(3000)
    await failed
  })
})

test('a strict reader takes no number that is negative or too long', () => {
  for (const octets of [
    [tag.counter32, 4, 0xff, 0, 0, 0],
    [tag.integer, 5, 0, 0, 0, 0, 1],
    [tag.counter64, 8, 0x80, 0, 0, 0, 0, 0, 0, 0],
  ])
    assert.throws(() => new BerReader().reset(Uint8Array.from(octets)).value())
})
