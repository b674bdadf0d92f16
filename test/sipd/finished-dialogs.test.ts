import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../support/sip-server.ts'
import { kindOf, request, responseTo } from './proxy-support.ts'

const bob = 'sip:bob@203.0.113.5;transport=tcp'
const withinDialog = { To: '<sip:bob@example.test>;tag=callee' }
const udp = { transport: 'UDP', address: '198.51.100.1', port: 5060, listener: 0, connection: undefined } as const

/** Sends a request through to bob, who answers with `status`; gives what the connections are told at the end of each transaction. */
function endsOf(method: string, status: number, headers: Readonly<Record<string, string>> = {}): boolean[] {
  const ends: boolean[] = []
  const sent: string[] = []
  const server = testServer({
    send: (text, _hop, _failed, taken) => {
      sent.push(text)
      if (!text.startsWith('SIP/2.0')) taken?.('1.1')
    },
    holds: { hold: () => {}, release: (_connection, dialogGoesOn) => ends.push(dialogGoesOn) },
  })
  server.core.receive(Buffer.from(request(method, bob, headers), 'latin1'), udp)
  const forwarded = sent.find((text) => kindOf({ text }) === method)
  assert.ok(forwarded)
  const far = { transport: 'TCP', address: '203.0.113.5', port: 5060, listener: 0, connection: '1.1' } as const
  if (method !== 'ACK') server.core.receive(Buffer.from(responseTo(forwarded, status), 'latin1'), far)
  return ends
}

test('a connection is of no more use when its transaction is over, unless a dialog goes on', () => {
  for (const [method, status, headers, expected] of [
    ['OPTIONS', 200, {}, false],
    ['MESSAGE', 404, {}, false],
    ['INVITE', 486, {}, false],
    ['BYE', 200, withinDialog, false],
    ['INVITE', 200, {}, true],
    ['INVITE', 488, withinDialog, true],
    ['INFO', 200, withinDialog, true],
    ['ACK', 0, withinDialog, true],
  ] as const)
    assert.deepEqual(endsOf(method, status, headers), [expected], `${method} ${status}`)
})
