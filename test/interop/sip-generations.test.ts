import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  bindingsOf,
  exchange,
  header,
  openTcp,
  openUdp,
  registerOver,
  requestText,
  type SipClient,
  statusOf,
} from '../support/sip-client.ts'
import { withSipServer } from '../support/sip-under-test.ts'

/** Answers a request that came to a client with what a phone has to copy (RFC 3261 §8.2.6.2). */
function answer(client: SipClient, request: string, status: string): void {
  const copied = request
    .split('\r\n')
    .filter((line) => /^(Via|From|Call-ID|CSeq|Record-Route):/i.test(line))
    .join('\r\n')
  const to = header(request, 'To')!
  client.send(
    `SIP/2.0 ${status}\r\n${copied}\r\nTo: ${to}${to.includes(';tag=') ? '' : ';tag=b'}\r\nContact: <sip:bob@127.0.0.1:${client.port};transport=${client.transport.toLowerCase()}>\r\nContent-Length: 0\r\n\r\n`,
  )
}

const isRequest = (method: string) => (message: string) => message.startsWith(`${method} `)

describe('a connection to a worker of an older generation', () => {
  test('goes on: its phone is called over it, and calls, registers and hangs up by it', () =>
    withSipServer({ recordRoute: true }, async (server) => {
      const phone = await openTcp(server)
      const contact = `sip:bob@127.0.0.1:${phone.port};transport=tcp`
      await registerOver(phone, { user: 'bob', contact })
      for (let i = 0; i < 3; i++) {
        await server.graceful()
        // From a socket of its own to the newest generation, and from there to the oldest, which has the connection.
        const caller = await openUdp(server)
        const invite = requestText('INVITE', 'sip:bob@example.test', caller)
        const final = exchange(caller, invite)
        const received = await phone.receive(isRequest('INVITE'))
        answer(phone, received, '200 OK')
        assert.equal(statusOf(await final), 200)
        const bye = requestText('BYE', contact, caller, {
          Route: header(await final, 'Record-Route')!,
          To: header(await final, 'To')!,
          CSeq: '2 BYE',
        })
        const gone = exchange(caller, bye)
        answer(phone, await phone.receive(isRequest('BYE')), '200 OK')
        assert.equal(statusOf(await gone), 200)
        caller.close()
        // The other way: what the phone says on its old connection is done by the newest generation.
        await registerOver(phone, { user: 'bob', contact })
        const listening = await openUdp(server)
        await registerOver(listening, { user: 'carol', contact: `sip:carol@127.0.0.1:${listening.port}` })
        const message = exchange(phone, requestText('MESSAGE', 'sip:carol@example.test', phone))
        answer(listening, await listening.receive(isRequest('MESSAGE')), '200 OK')
        assert.equal(statusOf(await message), 200)
        assert.deepEqual(await bindingsOf(listening, 'bob'), [contact])
        listening.close()
      }
      phone.close()
    }))

  test('a CANCEL and a retransmitted INVITE find their call in the generation that has it', () =>
    withSipServer({ recordRoute: true }, async (server) => {
      const phone = await openUdp(server)
      await registerOver(phone, { user: 'bob', contact: `sip:bob@127.0.0.1:${phone.port}` })
      const caller = await openUdp(server)
      const invite = requestText('INVITE', 'sip:bob@example.test', caller)
      caller.send(invite)
      const ringing = await phone.receive(isRequest('INVITE'))
      answer(phone, ringing, '180 Ringing')
      await caller.receive((message) => message.startsWith('SIP/2.0 180'))
      await server.graceful()
      await server.graceful()
      caller.send(invite)
      // The last provisional response again (§17.2.1), and no second INVITE downstream.
      await caller.receive((message) => message.startsWith('SIP/2.0 180'))
      const cancel = invite.replace(/^INVITE/, 'CANCEL').replace('CSeq: 1 INVITE', 'CSeq: 1 CANCEL')
      assert.equal(statusOf(await exchange(caller, cancel)), 200)
      const cancelled = await phone.receive((message) => !message.startsWith('SIP/2.0'))
      assert.match(cancelled, /^CANCEL /, 'no other request came in between')
      answer(phone, cancelled, '200 OK')
      answer(phone, ringing, '487 Request Terminated')
      assert.equal(statusOf(await caller.receive((message) => /^SIP\/2\.0 4/.test(message))), 487)
      for (const client of [phone, caller]) client.close()
    }))
})
