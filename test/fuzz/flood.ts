/** Mutated datagrams against a running agent, with a control request after every batch. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { Manager } from '../../agent/manager/manager.ts'
import { encodeRequest } from '../../agent/manager/messages.ts'
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

export async function flood(port: number, pid: number, count: number, seed: number): Promise<FloodResult> {
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
  const residentAt = (): number => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  let slowestControlMs = 0
  let residentAfterWarmUp = 0
  const descriptors = await countDescriptors(pid)
  for (let sent = 0; sent < count; sent += batch) {
    for (let i = 0; i < batch; i++)
      socket.send(mutate(samples[Math.floor(random() * samples.length)]!, random), () => {})
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
