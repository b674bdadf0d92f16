import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { oid } from '../../../lib/smi/oid.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { identity } from '../../../snmp/engine/engine-identity.ts'
import { Statistics } from '../../../snmp/engine/statistics.ts'
import { type Credentials, keyMaker } from '../../../snmp/manager/credentials.ts'
import { NotificationReceiver } from '../../../snmp/manager/receiver.ts'
import { writePdu } from '../../../snmp/message/pdu.ts'
import { varbindsV2 } from '../../../snmp/notification.ts'
import { authProtocols } from '../../../snmp/security/usm/protocols.ts'
import { Usm } from '../../../snmp/security/usm/usm.ts'
import { V3Messages } from '../../../snmp/v3-processing.ts'
import { until } from '../../support/appliance.ts'

const known: Credentials = {
  userName: 'trapper',
  auth: { protocol: authProtocols[3]!, passphrase: 'authentication phrase' },
  priv: undefined,
}
const forger: Credentials = { ...known, auth: { protocol: authProtocols[3]!, passphrase: 'a wrong phrase' } }

/** A trap as the engine sends it, which has been started so many times. */
function trapOf(engine: string, boots: number, number: number, credentials = known): Uint8Array {
  const engineId = Buffer.from(engine, 'hex')
  const usm = new Usm(identity(engineId, boots, systemClock))
  usm.configure([{ ...keyMaker(credentials)(engineId), engineId: new Uint8Array(0) }])
  const message = { trapOid: oid(`1.3.6.1.4.1.8072.9999.9999.0.${number}`), upTimeTicks: 1, varbinds: [] }
  const trap = new V3Messages(usm, new Statistics(), 65_507).encodeNotification('trapper', 'authNoPriv', 1, (out) =>
    writePdu(out, 'trapV2', 1, varbindsV2(message)),
  )
  assert.ok(trap)
  return trap
}

test('traps of 300 engines that nobody authenticated put no sender out of memory: what it sent before its restart stays refused', async (t) => {
  const receiver = new NotificationReceiver({
    v3: { identity: identity(Buffer.from('80007ed905ff', 'hex'), 1, systemClock), users: [known] },
  })
  const received: number[] = []
  receiver.onNotification = ({ pdu }) => {
    const trap = pdu.varbinds[1]!.value
    received.push(trap.type === 'ObjectIdentifier' ? trap.value.at(-1)! : -1)
  }
  const port = await receiver.start('127.0.0.1', 0)
  t.after(() => receiver.stop())
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const send = async (bytes: Uint8Array): Promise<void> => {
    await new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()))
    await new Promise(setImmediate) // it is read meanwhile
  }
  const engine = '80007ed9050a'
  await send(trapOf(engine, 7, 1))
  await until(() => received.length === 1, 3000, 'the first trap')
  for (let i = 0; i < 300; i++) await send(trapOf(`80007ed905${(0x10_0000 + i).toString(16)}`, 1, 99, forger))
  await send(trapOf(engine, 6, 2))
  await send(trapOf(engine, 7, 3))
  await until(() => received.includes(3), 3000, 'the last trap')
  assert.deepEqual(received, [1, 3], 'without the one of boots 6, which is a replay')
})
