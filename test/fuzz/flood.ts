/** Mutated datagrams of all versions against a running agent, with a control request after every batch. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { BerWriter } from '../../lib/ber/writer.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { type Credentials, keyMaker, levelOf } from '../../snmp/manager/credentials.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { type PduType, pduTag, writePdu } from '../../snmp/message/pdu.ts'
import { UsmPeer } from '../../snmp/security/usm/peer.ts'
import { mutate, randomFrom } from '../support/mutate.ts'

export interface FloodResult {
  readonly sent: number
  readonly slowestControlMs: number
  readonly residentGrowthBytes: number
  readonly descriptorGrowth: number
}

const batch = 500
const sysUpTime = [1, 3, 6, 1, 2, 1, 1, 3, 0]

const samples = (['v1', 'v2c'] as const).flatMap((version) =>
  ['public', 'cspsAdmin'].flatMap((community) => [
    encodeRequest(version, community, {
      type: 'getRequest',
      requestId: 7,
      varbinds: [{ name: sysUpTime, value: { type: 'Null' } }],
    }),
    encodeRequest(version, community, {
      type: 'getNextRequest',
      requestId: 8,
      varbinds: [{ name: [1, 3, 6, 1, 2, 1, 2], value: { type: 'Null' } }],
    }),
    encodeRequest(version, community, {
      type: 'getBulkRequest',
      requestId: 9,
      nonRepeaters: 1,
      maxRepetitions: 20,
      varbinds: [
        { name: [1, 3], value: { type: 'Null' } },
        { name: [1, 3, 6, 1, 4], value: { type: 'Null' } },
      ],
    }),
    encodeRequest(version, community, {
      type: 'setRequest',
      requestId: 10,
      varbinds: [
        { name: [1, 3, 6, 1, 2, 1, 1, 99, 0], value: { type: 'OctetString', value: Buffer.from('nobody') } },
        { name: [1, 3, 6, 1, 4, 1, 32473, 12, 29, 1, 1, 1, 99, 1], value: { type: 'Integer32', value: 1 } },
      ],
    }),
  ]),
)

const pdus: readonly (readonly [Exclude<PduType, 'trapV1'>, readonly Varbind[], number, number])[] = [
  ['getRequest', [{ name: sysUpTime, value: { type: 'Null' } }], 0, 0],
  ['getNextRequest', [{ name: [1, 3, 6, 1, 2, 1, 2], value: { type: 'Null' } }], 0, 0],
  ['getBulkRequest', [{ name: [1, 3, 6, 1, 4], value: { type: 'Null' } }], 0, 20],
  ['setRequest', [{ name: [1, 3, 6, 1, 2, 1, 1, 99, 0], value: { type: 'Integer32', value: 1 } }], 0, 0],
  ['informRequest', [{ name: sysUpTime, value: { type: 'TimeTicks', value: 1 } }], 0, 0],
  ['report', [], 0, 0],
]

/** Messages of version 3: half are damaged from outside, half are signed and encrypted as they should be around a damaged PDU. */
async function v3Sampler(port: number, users: readonly Credentials[], random: () => number) {
  const peers = users.map((credentials) => {
    const level = levelOf(credentials)
    return new UsmPeer({ clock: systemClock, userName: credentials.userName, level, keysFor: keyMaker(credentials) })
  })
  const socket = createSocket('udp4')
  for (const peer of peers) {
    for (let step = 0; step < 2; step++) {
      socket.send(peer.encode(1, (out) => writePdu(out, 'getRequest', 1, []), true)!, port, '127.0.0.1')
      const [answer] = (await once(socket, 'message')) as [Buffer]
      const message = peer.decode(answer)
      if (step === 0) peer.learnEngine(message!.engineId)
    }
  }
  socket.close()
  const octets = pdus.map(([type, varbinds, first, second]) => {
    const out = new BerWriter(512)
    writePdu(out, type, 7, varbinds, first, second)
    return out.take()
  })
  return (): Uint8Array => {
    const peer = peers[Math.floor(random() * peers.length)]!
    const pdu = octets[Math.floor(random() * octets.length)]!
    const isInside = random() < 0.5
    const message = peer.encode(
      Math.floor(random() * 0x7fff_ffff),
      (out) => out.raw(isInside ? mutate(pdu, random) : pdu),
      pdu[0] !== pduTag.report,
    )!
    return isInside ? message : mutate(message, random)
  }
}

/** `users` are those of the agent that messages of version 3 are made with. */
export async function flood(
  port: number,
  pid: number,
  count: number,
  seed: number,
  users: readonly Credentials[],
): Promise<FloodResult> {
  const random = randomFrom(seed)
  const socket = createSocket('udp4')
  socket.on('message', () => {})
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const manager = new Manager({
    host: '127.0.0.1',
    port,
    security: { version: 'v2c', community: 'public' },
    timeoutMs: 5000,
    retries: 0,
  })
  const v3Sample = await v3Sampler(port, users, random)
  const residentAt = (): number => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  let slowestControlMs = 0
  let residentAfterWarmUp = 0
  const descriptors = await countDescriptors(pid)
  for (let sent = 0; sent < count; sent += batch) {
    for (let i = 0; i < batch; i++) {
      const isV3 = random() < 0.5
      socket.send(isV3 ? v3Sample() : mutate(samples[Math.floor(random() * samples.length)]!, random), () => {})
    }
    const began = performance.now()
    await manager.get([sysUpTime])
    slowestControlMs = Math.max(slowestControlMs, performance.now() - began)
    if (sent <= count * 0.4) residentAfterWarmUp = Math.max(residentAfterWarmUp, residentAt())
  }
  const result = {
    sent: count,
    slowestControlMs,
    residentGrowthBytes: residentAt() - residentAfterWarmUp,
    descriptorGrowth: (await countDescriptors(pid)) - descriptors,
  }
  socket.close()
  manager.close()
  return result
}

async function countDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}
