import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFlow, parseFlow } from '../../sipd/message/flow.ts'
import { readHead, topmostVia } from '../../sipd/message/parse.ts'
import { receivedElement } from '../../sipd/message/respond.ts'
import type { Hop } from '../../sipd/message/source.ts'
import { cameBy } from '../../sipd/proxy/forwarder.ts'
import { Identity } from '../../sipd/proxy/identity.ts'
import { decodeHopMessage, encodeHopMessage } from '../../sipd/worker/frames.ts'

const hop: Hop = { transport: 'UDP', address: '192.0.2.7', port: 5060, listener: 1, connection: undefined }

test('the address that a request was sent to goes with its hop, to a registration and to another worker', () => {
  for (const local of ['10.77.0.5', 'fd77::5', 'fe80::1%eth0']) {
    const asked = { ...hop, local }
    assert.deepEqual(parseFlow(formatFlow(asked)), asked)
    assert.deepEqual(decodeHopMessage(encodeHopMessage(asked, 'x'))?.hop, asked)
  }
  assert.deepEqual(
    parseFlow('UDP/192.0.2.7/5060/1/'),
    hop,
    'a registration that was kept before there were local addresses',
  )
})

test('what is forwarded without state has the address in its Via, of either family, as a token', () => {
  const via = (i: string): string => `SIP/2.0/UDP 10.77.0.1:5060;branch=z9hG4bK1;i=${i}`
  assert.deepEqual(cameBy(via('1.0a4d0005')), { listener: 1, connection: undefined, local: '10.77.0.5' })
  assert.deepEqual(cameBy(via('1.fd770000000000000000000000000005')), {
    listener: 1,
    connection: undefined,
    local: 'fd77::5',
  })
  assert.deepEqual(cameBy(via('0-2.17')), { listener: 0, connection: '2.17' })
})

test('the name of a link stays on this machine: it is in no Via, and an address is ours with it and without', () => {
  const listener = {
    transports: ['UDP'],
    address: 'fe80::1%eth0',
    port: 5060,
    sentBy: 'fe80::1',
    tlsPort: undefined,
  } as const
  const identity = new Identity({ listeners: [listener], domains: [], addresses: ['fe80::1%eth0'] })
  assert.equal(identity.isOurs({ host: '[fe80::1]', port: 5060 }), true)
  const parts = readHead(
    Buffer.from('OPTIONS sip:a.test SIP/2.0\r\nVia: SIP/2.0/UDP [fe80::2]:5060;rport;branch=z9hG4bK1\r\n\r\n'),
  )
  const source = { ...hop, address: 'fe80::2%eth0' }
  assert.match(receivedElement(parts!.text, topmostVia(parts!)!, source), /;rport=5060;received=fe80::2$/)
})
