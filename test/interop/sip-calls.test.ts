import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { needs } from '../support/peers.ts'
import { call, startCallee } from '../support/sip-call.ts'
import { bindingsOf, exchange, header, openUdp, register, requestText, statusOf } from '../support/sip-client.ts'
import { freePorts } from '../support/sip-ports.ts'
import { ofSipdAlone, withSipServer } from '../support/sip-under-test.ts'
import { startSipp } from '../support/sipp.ts'

const routed = { recordRoute: true }
/** A line of nothing would end the headers. */
const noFurtherHeader = 'Server: a telephone'

describe('SIPp calls SIPp through the proxy', needs('sipp'), () => {
  test('a call is set up, held and ended', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer', pauseMs: 200 })
      await call(server, { scenario: 'uac-call', pauseMs: 200 })
      await callee.succeeded()
    }))

  test('a hundred calls at twenty a second all succeed', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer', calls: 100, pauseMs: 300 })
      await call(server, { scenario: 'uac-call', calls: 100, callsPerSecond: 20, pauseMs: 300 })
      await callee.succeeded()
    }))

  test('a caller who gives up gets 200 to the CANCEL and 487 to the INVITE, and the callee stops ringing', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-cancelled' })
      await call(server, { scenario: 'uac-cancel' })
      await callee.succeeded()
    }))

  for (const status of ['486', '480']) {
    test(`a callee's ${status} reaches the caller`, () =>
      withSipServer(routed, async (server) => {
        const callee = await startCallee(server, {
          scenario: 'uas-refuse',
          fill: { STATUS: status, HEADERS: noFurtherHeader },
        })
        await call(server, { scenario: 'uac-refused', fill: { STATUS: status } })
        await callee.succeeded()
      }))
  }

  test('a callee who rings too long gets a CANCEL, and the caller 408', () =>
    withSipServer({ ...routed, noAnswerMs: 1000 }, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-cancelled' })
      await call(server, { scenario: 'uac-refused', fill: { STATUS: '408' } })
      await callee.succeeded()
    }))

  test('an unknown user is 404', () =>
    withSipServer(routed, (server) =>
      call(server, { scenario: 'uac-refused', user: 'nobody', fill: { STATUS: '404' } }),
    ))

  test('a user whose last contact is gone is not known any more: 404', ofSipdAlone, () =>
    withSipServer(routed, async (server) => {
      const contact = 'sip:bob@127.0.0.1:9'
      await register(server, { user: 'bob', contact })
      await register(server, { user: 'bob', contact, expiresSeconds: 0 })
      await call(server, { scenario: 'uac-refused', fill: { STATUS: '404' } })
    }),
  )

  test('re-INVITE and BYE of the callee follow the route back to the caller', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-hangs-up' })
      await call(server, { scenario: 'uac-hung-up-on' })
      await callee.succeeded()
    }))

  test('a caller who loses one message in ten, of his own and of others, gets all thirty calls by retransmission', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer', calls: 1000 })
      const more = ['-lost', '10']
      await call(server, { scenario: 'uac-call', calls: 30, callsPerSecond: 30, more, timeoutSeconds: 40 })
      await callee.stop()
    }))

  test('to a callee who loses one message in four, the proxy retransmits until all thirty calls are done', () =>
    withSipServer(routed, async (server) => {
      // Both wait longer than a transaction may retransmit, 64*T1: some call loses the same message five times now and then.
      const callee = await startCallee(server, { scenario: 'uas-lossy', calls: 1000, timeoutSeconds: 90 })
      await call(server, { scenario: 'uac-call', calls: 30, callsPerSecond: 30, timeoutSeconds: 80 })
      await callee.stop()
    }))

  test('an INVITE whose 100 is lost is retransmitted, and the callee sees it once', () =>
    withSipServer(routed, async (server) => {
      const callee = await openUdp(server)
      await register(server, { user: 'bob', contact: `sip:bob@127.0.0.1:${callee.port}` })
      const caller = await openUdp(server)
      const invite = requestText('INVITE', 'sip:bob@example.test', caller, {
        Contact: `<sip:ann@127.0.0.1:${caller.port}>`,
      })
      const isInvite = (message: string): boolean => message.startsWith('INVITE')
      caller.send(invite)
      const first = await callee.receive(isInvite)
      caller.send(invite)
      caller.send(invite)
      const refusal = ['Via', 'From', 'To', 'Call-ID', 'CSeq']
        .flatMap((name) => first.split('\r\n').filter((line) => line.startsWith(`${name}:`)))
        .map((line) => (line.startsWith('To:') ? `${line};tag=b` : line))
      callee.send(`${['SIP/2.0 486 Busy Here', ...refusal, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`)
      assert.equal(statusOf(await caller.receive((message) => /^SIP\/2\.0 [2-6]/.test(message))), 486)
      const next = await callee.receive((message) => /^(INVITE|ACK)/.test(message))
      assert.match(next, /^ACK /, 'the proxy acknowledges, and sent no second INVITE')
      for (const client of [caller, callee]) client.close()
    }))
})

describe('where requests go', needs('sipp'), () => {
  test('Record-Route on: ACK and BYE come through the proxy', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-routed' })
      await call(server, { scenario: 'uac-call' })
      await callee.succeeded()
    }))

  test('Record-Route off: no Record-Route in the INVITE, and ACK and BYE go straight to the callee', () =>
    withSipServer({ recordRoute: false }, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-direct' })
      await call(server, { scenario: 'uac-direct' })
      await callee.succeeded()
    }))

  for (const recordRoute of [true, false]) {
    test(`a stateless proxy carries a call, Record-Route ${recordRoute ? 'on' : 'off'}`, () =>
      withSipServer({ stateless: true, recordRoute }, async (server) => {
        const callee = await startCallee(server, { scenario: recordRoute ? 'uas-routed' : 'uas-direct' })
        await call(server, { scenario: recordRoute ? 'uac-call' : 'uac-direct' })
        await callee.succeeded()
      }))
  }

  test('a redirect server names the contact with 302, and the caller calls there himself', () =>
    withSipServer({ redirect: true }, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer' })
      await call(server, { scenario: 'uac-redirected' })
      await callee.succeeded()
    }))

  test('a 302 is followed by the proxy itself when Recursive is on', () =>
    withSipServer({ ...routed, recursive: true }, async (server) => {
      const port = await freePorts(1)
      const answers = await startSipp({ scenario: 'uas-answer', port })
      const fill = { STATUS: '302', HEADERS: `Contact: <sip:bob@127.0.0.1:${port}>` }
      const moved = await startCallee(server, { scenario: 'uas-refuse', fill })
      await call(server, { scenario: 'uac-call' })
      for (const callee of [moved, answers]) await callee.succeeded()
    }))

  test('a 302 goes to the caller when Recursive is off', () =>
    withSipServer({ ...routed, recursive: false }, async (server) => {
      const fill = { STATUS: '302', HEADERS: 'Contact: <sip:bob@127.0.0.1:9>' }
      const moved = await startCallee(server, { scenario: 'uas-refuse', fill })
      await call(server, { scenario: 'uac-refused', fill: { STATUS: '302' } })
      await moved.succeeded()
    }))

  test('contacts of equal q ring together; the first that answers has the call, the others get CANCEL', () =>
    withSipServer(routed, async (server) => {
      const callees = [
        await startCallee(server, { scenario: 'uas-cancelled' }),
        await startCallee(server, { scenario: 'uas-answer', pauseMs: 500 }),
        await startCallee(server, { scenario: 'uas-cancelled' }),
      ]
      await call(server, { scenario: 'uac-call' })
      for (const callee of callees) await callee.succeeded()
    }))

  // Were both to ring at once, the second would answer while the first rings, and the first would get a CANCEL.
  test('contacts of unequal q ring one after another, the highest first', () =>
    withSipServer(routed, async (server) => {
      const last = await startCallee(server, { scenario: 'uas-answer' }, '0.5')
      const fill = { STATUS: '480', HEADERS: noFurtherHeader }
      const first = await startCallee(server, { scenario: 'uas-refuse', pauseMs: 600, fill }, '1.0')
      await call(server, { scenario: 'uac-call' })
      for (const callee of [first, last]) await callee.succeeded()
    }))

  test('a StaticContact is called without a registration', ofSipdAlone, async () => {
    const port = await freePorts(1)
    const more = [`StaticContact sip:carol@example.test sip:carol@127.0.0.1:${port}`]
    await withSipServer({ ...routed, more }, async (server) => {
      const callee = await startSipp({ scenario: 'uas-answer', port, user: 'carol' })
      await call(server, { scenario: 'uac-call', user: 'carol' })
      await callee.succeeded()
    })
  })
})

describe('transports', needs('sipp'), () => {
  test('a call over TCP on both sides', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer', transport: 't1' })
      await call(server, { scenario: 'uac-call', transport: 't1' })
      await callee.succeeded()
    }))

  test('a hundred calls over TCP, each caller with a connection of its own', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer', transport: 't1', calls: 100 })
      await call(server, {
        scenario: 'uac-call',
        transport: 'tn',
        calls: 100,
        callsPerSecond: 50,
        more: ['-max_socket', '1000'],
      })
      await callee.succeeded()
    }))

  test('a caller over UDP reaches a callee over TCP', () =>
    withSipServer(routed, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer', transport: 't1' })
      await call(server, { scenario: 'uac-call' })
      await callee.succeeded()
    }))

  test('a call over IPv6', () =>
    withSipServer({ ...routed, host: '::1' }, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer' })
      await call(server, { scenario: 'uac-call' })
      await callee.succeeded()
    }))
})

describe('what the proxy refuses or forwards', () => {
  test('a request that may be forwarded no more is 483', () =>
    withSipServer(routed, async (server) => {
      const client = await openUdp(server)
      const request = requestText('MESSAGE', 'sip:bob@example.test', client, { 'Max-Forwards': '0' })
      assert.equal(statusOf(await exchange(client, request)), 483)
      client.close()
    }))

  test('an extension that is required of the proxy and unknown is 420, and named', ofSipdAlone, () =>
    withSipServer(routed, async (server) => {
      const client = await openUdp(server)
      const request = requestText('INVITE', 'sip:bob@example.test', client, { 'Proxy-Require': 'magic' })
      const response = await exchange(client, request)
      assert.equal(statusOf(response), 420)
      assert.equal(header(response, 'Unsupported'), 'magic')
      client.close()
    }),
  )

  test('a request for another domain goes to its address', () =>
    withSipServer(routed, async (server) => {
      const elsewhere = await openUdp(server)
      const caller = await openUdp(server)
      const uri = `sip:dave@127.0.0.1:${elsewhere.port}`
      caller.send(requestText('MESSAGE', uri, caller, { To: `<${uri}>` }))
      const arrived = await elsewhere.receive((message) => message.startsWith('MESSAGE'))
      assert.equal(header(arrived, 'Max-Forwards'), '69')
      assert.equal(arrived.match(/^Via:/gm)?.length, 2)
      for (const client of [caller, elsewhere]) client.close()
    }))

  test('a binding that was removed is no longer listed', () =>
    withSipServer(routed, async (server) => {
      const client = await openUdp(server)
      await register(server, { user: 'bob', contact: 'sip:bob@127.0.0.1:7', expiresSeconds: 300 })
      await register(server, { user: 'bob', contact: 'sip:bob@127.0.0.1:8', expiresSeconds: 300 })
      await register(server, { user: 'bob', contact: 'sip:bob@127.0.0.1:7', expiresSeconds: 0 })
      assert.deepEqual(await bindingsOf(client, 'bob'), ['sip:bob@127.0.0.1:8'])
      client.close()
    }))
})
