import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { UdpSocket } from '../../sipd/transport/udp.ts'
import { until } from '../support/appliance.ts'

/** A socket of ours, and somebody who hears what it sends. */
async function pair(t: TestContext) {
  const heard: string[] = []
  const peer = createSocket('udp4')
  peer.on('message', (octets) => heard.push(octets.toString('latin1')))
  peer.bind(0, '127.0.0.1')
  await once(peer, 'listening')
  t.after(() => peer.close())
  const errors: Error[] = []
  const received: string[] = []
  const socket = new UdpSocket({
    address: '127.0.0.1',
    port: 0,
    onDatagram: (octets) => received.push(octets.toString('latin1')),
    onError: (error) => errors.push(error),
  })
  await socket.start()
  const { port } = peer.address()
  return { socket, peer, heard, errors, received, send: (text: string) => socket.send(text, '127.0.0.1', port) }
}

test('what is sent in one turn leaves whole and in its order, whatever its length and its octets', async (t) => {
  const { socket, heard, send } = await pair(t)
  t.after(() => socket.close())
  const texts = Array.from({ length: 60 }, (_, i) => `${i} ${'\xff'.repeat(i * 17)}`)
  for (const text of texts) send(text)
  await until(() => heard.length === texts.length, 5000, 'all of them')
  assert.deepEqual(heard, texts)
})

test('what was sent before the close leaves with it, and nothing after', async (t) => {
  const { socket, heard, send } = await pair(t)
  send('before')
  socket.close()
  send('after')
  await until(() => heard.length > 0, 5000, 'the one before')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(heard, ['before'])
})

test('a message that fits in no datagram is an error and holds up none that does', async (t) => {
  const { socket, heard, errors, send } = await pair(t)
  t.after(() => socket.close())
  send('x'.repeat(65_508))
  send('small')
  await until(() => heard.length === 1, 5000, 'the small one')
  assert.match(errors[0]!.message, /65508 octets fits in no datagram/)
})

test('a datagram that cannot be sent is an error, and costs none of the others of its turn', async (t) => {
  const { socket, heard, errors, send } = await pair(t)
  t.after(() => socket.close())
  send('before')
  socket.send('nowhere', '127.0.0.1', 99_999)
  send('after')
  await until(() => heard.length === 2, 5000, 'the two others')
  assert.deepEqual(heard, ['before', 'after'])
  assert.match(errors[0]!.message, /^send to 127\.0\.0\.1 port 99999: /)
})

test('datagrams come in with their octets', async (t) => {
  const { socket, peer, received } = await pair(t)
  t.after(() => socket.close())
  peer.send(Buffer.from('caf\xe9', 'latin1'), socket.port, '127.0.0.1')
  await until(() => received.length === 1, 5000, 'the datagram')
  assert.deepEqual(received, ['caf\xe9'])
})
