import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { describe, test } from 'node:test'
import { oid } from '../../lib/smi/oid.ts'
import { UdpSocket } from '../../sipd/transport/udp.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { NotificationReceiver } from '../../snmp/manager/receiver.ts'
import { UdpTransport } from '../../snmp/transport/udp.ts'
import { until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'

/** A datagram with source port 0, which no socket but a raw one sends. */
const fromPort0 = `
import socket, struct, sys
port, octets = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.sendto(struct.pack('!HHHH', 0, port, 8 + len(octets), 0) + octets, ('127.0.0.1', 0))
`

const inform = encodeRequest('v2c', 'public', {
  type: 'informRequest',
  requestId: 1,
  varbinds: [
    { name: oid('1.3.6.1.2.1.1.3.0'), value: { type: 'TimeTicks', value: 1 } },
    { name: oid('1.3.6.1.6.3.1.1.4.1.0'), value: { type: 'ObjectIdentifier', value: oid('1.3.6.1.6.3.1.1.5.1') } },
  ],
})

interface Receiving {
  readonly port: number
  stop(): void
}

/** Everything that takes datagrams of strangers; `took` is called with the port that each came from. */
const receivers: Readonly<Record<string, (took: (port: number) => void) => Promise<Receiving>>> = {
  async 'the agent'(took) {
    const transport = new UdpTransport({ host: '127.0.0.1', port: 0 })
    transport.onDatagram = (_bytes, { port }) => took(port)
    await transport.start()
    return { port: transport.local.port, stop: () => transport.close() }
  },
  async 'the receiver of notifications'(took) {
    const receiver = new NotificationReceiver()
    receiver.onNotification = (_message, { port }) => took(port)
    return { port: await receiver.start('127.0.0.1', 0), stop: () => receiver.stop() }
  },
  async sipd(took) {
    const socket = new UdpSocket({
      address: '127.0.0.1',
      port: 0,
      onDatagram: (_octets, _address, port) => took(port),
      onError: (error) => assert.fail(error),
    })
    await socket.start()
    return { port: socket.port, stop: () => socket.close() }
  },
}

const asRoot = process.geteuid?.() === 0 ? needs('python3') : { skip: 'only root may send from port 0' }
describe('a datagram from port 0, where nobody can be answered', asRoot, () => {
  for (const [name, receive] of Object.entries(receivers))
    test(`is dropped by ${name}, and the next one is taken`, async (t) => {
      const ports: number[] = []
      const { port, stop } = await receive((from) => ports.push(from))
      t.after(stop)
      const sender = createSocket('udp4')
      t.after(() => sender.close())
      execFileSync('python3', ['-c', fromPort0, String(port), Buffer.from(inform).toString('hex')])
      // The kernel has queued the first one by now: what is sent after it comes after it.
      sender.send(inform, port, '127.0.0.1')
      await until(() => ports.length > 0, 3000, 'the second datagram')
      assert.deepEqual(ports, [sender.address().port])
    })
})
