/** Latency of a thousand requests a second while a subagent is killed and started again: other regions must not notice. */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { oid } from '../../lib/smi/oid.ts'
import { nullValue } from '../../lib/smi/value.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { decodeCommunityMessage } from '../../snmp/message/community-message.ts'
import { sized } from '../smoke.ts'
import type { MeasuredAgent } from './agents.ts'

export interface KillResult {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly slowestMs: number
  readonly unanswered: number
  /** From the kill until the region answered again. */
  readonly backAfterMs: number
}

const perSecond = 1000
const seconds = sized(10, 2)
/** From the first request until the subagent is killed. */
const killAfterMs = sized(3000, 500)
const elsewhere = oid('1.3.6.1.2.1.1.5.0')
const region = oid('1.3.6.1.4.1.8072.9999.9999.1.1.2.500')

/** Half of the requests go to what the master serves itself, half to the subagent's region; the former are measured. */
export async function latencyWhileKilled(agent: MeasuredAgent): Promise<KillResult> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  socket.connect(agent.port, '127.0.0.1')
  await once(socket, 'connect')
  const sentMs = new Map<number, number>()
  const latencies: number[] = []
  let killedMs = 0
  let backMs = 0
  socket.on('message', (bytes) => {
    const now = performance.now()
    const { requestId, errorStatus, varbinds } = decodeCommunityMessage(bytes)
    const since = sentMs.get(requestId)
    sentMs.delete(requestId)
    if (since === undefined) return
    if (requestId % 2 === 0) latencies.push(now - since)
    else if (backMs === 0 && killedMs > 0 && since > killedMs) {
      if (errorStatus === 0 && varbinds[0]?.value.type === 'Integer32') backMs = now
    }
  })
  const began = performance.now()
  let sent = 0
  let subagent = agent.subagent!
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now()
      if (now - began > seconds * 1000) {
        clearInterval(timer)
        resolve()
        return
      }
      if (killedMs === 0 && now - began > killAfterMs) {
        killedMs = now
        const { spawnargs } = subagent
        subagent.kill('SIGKILL')
        subagent = spawn(spawnargs[0]!, spawnargs.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] })
      }
      for (; sent < ((now - began) / 1000) * perSecond; sent++) {
        const name = sent % 2 === 0 ? elsewhere : region
        sentMs.set(sent, performance.now())
        socket.send(
          encodeRequest('v2c', 'public', {
            type: 'getRequest',
            requestId: sent,
            varbinds: [{ name, value: nullValue }],
          }),
          () => {},
        )
      }
    }, 1)
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  socket.close()
  subagent.kill('SIGKILL')
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  return {
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    slowestMs: sorted.at(-1) ?? 0,
    unanswered: [...sentMs.keys()].filter((id) => id % 2 === 0).length,
    backAfterMs: backMs === 0 ? Number.POSITIVE_INFINITY : backMs - killedMs,
  }
}
