import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headers, kindsOf } from './proxy-support.ts'
import { overTcp, overUdp, tickMs, transactions } from './transaction-support.ts'

test('a retransmitted INVITE gets the last provisional response again (§17.2.1)', () => {
  const { receive, servers, sent } = transactions()
  receive('INVITE', overUdp)
  servers[0]!.respond(100)
  servers[0]!.respond(180)
  receive('INVITE', overUdp)
  assert.equal(servers.length, 1)
  assert.deepEqual(kindsOf(sent), ['100', '180', '180'])
})

test('timer G: a failure of an INVITE is sent again after T1, doubled up to T2, until H ends it after 64*T1 (§17.2.1)', () => {
  const { receive, servers, clock, againAtMs, layer } = transactions()
  receive('INVITE', overUdp)
  servers[0]!.respond(486)
  clock.advance(31_990)
  assert.deepEqual(againAtMs(), [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
  assert.equal(layer.live, 1)
  clock.advance(tickMs)
  assert.equal(layer.live, 0)
})

test('over a reliable transport a failure goes once, and H ends the wait for its ACK (§17.2.1)', () => {
  const { receive, servers, clock, sent, layer } = transactions()
  receive('INVITE', overTcp)
  servers[0]!.respond(486)
  clock.advance(31_990)
  assert.deepEqual([sent.length, layer.live], [1, 1])
  clock.advance(tickMs)
  assert.equal(layer.live, 0)
})

test('a retransmitted INVITE gets the failure again at once (§17.2.1)', () => {
  const { receive, servers, sent } = transactions()
  receive('INVITE', overUdp)
  servers[0]!.respond(486)
  receive('INVITE', overUdp)
  assert.deepEqual(kindsOf(sent), ['486', '486'])
})

test('timer I: the ACK ends retransmission, and further ones and late INVITEs are absorbed for the hold (§17.2.1)', () => {
  const { receive, servers, clock, sent, layer, acks } = transactions()
  receive('INVITE', overUdp)
  servers[0]!.respond(486)
  receive('ACK', overUdp)
  clock.advance(20_000)
  receive('ACK', overUdp)
  receive('INVITE', overUdp)
  assert.deepEqual([sent.length, servers.length, acks.length, layer.live], [1, 1, 0, 0])
  clock.advance(21_000)
  receive('INVITE', overUdp)
  assert.equal(servers.length, 2, 'what comes later is new')
})

test('timer I is zero over a reliable transport (§17.2.1)', () => {
  const { receive, servers, held, layer } = transactions()
  receive('INVITE', overTcp)
  servers[0]!.respond(486)
  receive('ACK', overTcp)
  assert.deepEqual([layer.live, held.size], [0, 0])
})

test('timer L: after a 2xx late INVITEs are absorbed, not answered, for the hold, and the ACK goes on (RFC 6026 §7.1)', () => {
  for (const hop of [overUdp, overTcp]) {
    const { receive, servers, clock, sent, acks } = transactions()
    receive('INVITE', hop)
    servers[0]!.send('SIP/2.0 200 OK\r\n\r\n', 200)
    servers[0]!.send('SIP/2.0 200 OK\r\n\r\n', 200)
    assert.equal(sent.length, 2, 'each 2xx of a fork leaves')
    clock.advance(31_900)
    receive('INVITE', hop)
    receive('ACK', hop)
    assert.deepEqual([servers.length, sent.length, acks.length], [1, 2, 1])
    clock.advance(9000)
    receive('INVITE', hop)
    assert.equal(servers.length, 2)
  }
})

test('after a final response no other failure leaves (§17.2.1)', () => {
  const { receive, servers, sent } = transactions()
  receive('INVITE', overUdp)
  servers[0]!.send('SIP/2.0 200 OK\r\n\r\n', 200)
  servers[0]!.respond(486)
  servers[0]!.respond(180)
  assert.equal(sent.length, 1)
})

test('any other request gets nothing again while there is nothing, then the last response (§17.2.2)', () => {
  const { receive, servers, sent } = transactions()
  receive('MESSAGE', overUdp)
  receive('MESSAGE', overUdp)
  assert.deepEqual([servers.length, sent.length], [1, 0])
  servers[0]!.respond(183)
  receive('MESSAGE', overUdp)
  servers[0]!.respond(200)
  receive('MESSAGE', overUdp)
  assert.deepEqual(kindsOf(sent), ['183', '183', '200', '200'])
})

test('timer J: the final response is there to be sent again for 64*T1, not over a reliable transport (§17.2.2)', () => {
  const { receive, servers, sent, clock, layer, held } = transactions()
  receive('MESSAGE', overUdp)
  servers[0]!.respond(200)
  assert.deepEqual([layer.live, held.size], [0, 1])
  clock.advance(31_900)
  receive('MESSAGE', overUdp)
  assert.equal(sent[0]!.text, sent[1]!.text)
  assert.deepEqual(sent[0]!.hop, sent[1]!.hop)
  clock.advance(9000)
  assert.equal(held.size, 0)

  const reliable = transactions()
  reliable.receive('MESSAGE', overTcp)
  reliable.servers[0]!.respond(200)
  assert.deepEqual([reliable.layer.live, reliable.held.size], [0, 0])
})

test('a transport that fails ends what waits for an answer, and its user is told once (§17.2.4)', () => {
  const { receive, servers, sent, layer } = transactions()
  let gone = 0
  receive('INVITE', overTcp)
  servers[0]!.onGone = () => gone++
  servers[0]!.respond(180)
  sent[0]!.fail()
  assert.deepEqual([gone, layer.live], [1, 0])
})

test('the same branch with another sent-by or method is another transaction (§17.2.3)', () => {
  const { receive, servers } = transactions()
  receive('MESSAGE', overUdp, { Via: 'SIP/2.0/UDP a.test;branch=z9hG4bKsame' })
  receive('MESSAGE', overUdp, { Via: 'SIP/2.0/UDP b.test;branch=z9hG4bKsame' })
  receive('OPTIONS', overUdp, { Via: 'SIP/2.0/UDP a.test;branch=z9hG4bKsame' })
  receive('OPTIONS', overUdp, { Via: 'SIP/2.0/UDP a.test;branch=z9hG4bKsame' })
  assert.equal(servers.length, 3)
})

test('clients of RFC 2543 are told apart by Via, From, Call-ID, CSeq and Request-URI (§17.2.3)', () => {
  const { receive, servers } = transactions()
  const old = { Via: 'SIP/2.0/UDP old.test' }
  receive('INVITE', overUdp, old)
  receive('INVITE', overUdp, old)
  assert.equal(servers.length, 1)
  receive('INVITE', overUdp, { ...old, CSeq: '2 INVITE' })
  receive('INVITE', overUdp, { ...old, 'Call-ID': 'other' })
  assert.equal(servers.length, 3)
  servers[0]!.respond(486)
  receive('ACK', overUdp, { ...old, To: '<sip:bob@example.test>;tag=x' })
  assert.equal(servers[0]!.state, 'confirmed')
})

test('the answers to one request have one tag in To, and 100 has the Timestamp of the request but no tag (§8.2.6)', () => {
  const { receive, servers, sent } = transactions()
  receive('INVITE', overUdp, { Timestamp: '54.2' })
  servers[0]!.respond(100)
  servers[0]!.respond(180)
  servers[0]!.respond(486)
  const [trying, ringing, busy] = sent.map(({ text }) => headers(text, 'To')[0]!)
  assert.equal(trying, '<sip:bob@example.test>')
  assert.match(ringing!, /;tag=[\w-]+$/)
  assert.equal(ringing, busy)
  assert.deepEqual(headers(sent[0]!.text, 'Timestamp'), ['54.2'])
})
