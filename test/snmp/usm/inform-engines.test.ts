import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { describe, test } from 'node:test'
import { oid } from '../../../lib/smi/oid.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { identity } from '../../../snmp/engine/engine-identity.ts'
import { Client } from '../../../snmp/manager/client.ts'
import { UsmConversation } from '../../../snmp/manager/conversation.ts'
import { keyMaker } from '../../../snmp/manager/credentials.ts'
import { NotificationReceiver } from '../../../snmp/manager/receiver.ts'
import { varbindsV2 } from '../../../snmp/notification.ts'
import { authProtocols } from '../../../snmp/security/usm/protocols.ts'

const engineA = Buffer.from('80007ed9050a', 'hex')
const engineB = Buffer.from('80007ed9050b', 'hex')
const credentials = {
  userName: 'informer',
  auth: { protocol: authProtocols[3]!, passphrase: 'authentication phrase' },
  priv: undefined,
}

/** A receiver of this engine, on this port or a new one. */
async function receiverOf(engineId: Buffer, port = 0) {
  const receiver = new NotificationReceiver({
    v3: { identity: identity(engineId, 7, systemClock), users: [credentials] },
  })
  return { receiver, port: await receiver.start('127.0.0.1', port) }
}

describe('an inform target whose engine changes', () => {
  test('is asked for its engine again when there were no keys for it: A, then B without keys, then A', async (t) => {
    const keysFor = keyMaker(credentials)
    const first = await receiverOf(engineA)
    const { port } = first
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    const client = new Client({
      conversation: new UsmConversation({
        clock: systemClock,
        userName: 'informer',
        level: 'authNoPriv',
        keysFor: (engineId) => (engineB.equals(engineId) ? undefined : keysFor(engineId)),
      }),
      clock: systemClock,
      timeoutMs: 2000,
      retries: 2,
      peerName: 'the target',
      send: (bytes) => socket.send(bytes, port, '127.0.0.1'),
    })
    socket.on('message', (bytes) => client.receive(bytes))
    const inform = () =>
      client.ask({
        type: 'informRequest',
        varbinds: varbindsV2({ trapOid: oid('1.3.6.1.6.3.1.1.5.1'), upTimeTicks: 1, varbinds: [] }),
      })
    assert.equal((await inform()).errorStatus, 0)
    first.receiver.stop()
    const second = await receiverOf(engineB, port)
    t.after(() => second.receiver.stop())
    await assert.rejects(inform(), /there are no keys for engine 80007ed9050b of the target/)
    await assert.rejects(inform(), /there are no keys for engine 80007ed9050b of the target/)
    second.receiver.stop()
    const third = await receiverOf(engineA, port)
    t.after(() => third.receiver.stop())
    assert.equal((await inform()).errorStatus, 0)
  })
})
