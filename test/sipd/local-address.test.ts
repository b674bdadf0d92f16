import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFlow, parseFlow } from '../../sipd/message/flow.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { parseMessage, readHead, topmostVia } from '../../sipd/message/parse.ts'
import { receivedElement } from '../../sipd/message/respond.ts'
import { cameByParameter, readCameBy } from '../../sipd/proxy/came-by.ts'
import { Identity } from '../../sipd/proxy/identity.ts'
import { Signer } from '../../sipd/proxy/signer.ts'
import { decodeHopMessage, encodeHopMessage } from '../../sipd/worker/frames.ts'
import { request } from './proxy-support.ts'

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
  const signer = new Signer()
  const message = parseMessage(Buffer.from(request('MESSAGE', 'sip:bob@example.test')))
  assert.ok(message?.kind === 'request')
  const target = { transport: 'UDP', address: '192.0.2.7', port: 5060 } as const
  for (const [local, connection, word] of [
    ['10.77.0.5', undefined, '1.0a4d0005'],
    ['fd77::5', undefined, '1.fd770000000000000000000000000005'],
    [undefined, '2.17', '1-2.17'],
  ] as const) {
    const parameter = cameByParameter(message, { ...hop, connection, ...(local && { local }) }, signer)
    assert.match(parameter, new RegExp(`^;i=${word.replace('.', '\\.')};m=[\\w-]{16}$`))
    const via = `SIP/2.0/UDP 10.77.0.1:5060;branch=z9hG4bK1${parameter}`
    const expected = { listener: 1, connection, ...(local && { local }) }
    assert.deepEqual(readCameBy(via, target, signer), expected)
    for (const other of [
      { ...target, address: '198.51.100.2' },
      { ...target, port: 5061 },
    ])
      assert.equal(readCameBy(via, other, signer), undefined, 'a response that goes elsewhere')
    assert.equal(readCameBy(via.replace(';i=1', ';i=0'), target, signer), undefined, 'by another listener')
    assert.equal(readCameBy(via, target, new Signer()), undefined, 'with the mark of somebody else')
  }
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
