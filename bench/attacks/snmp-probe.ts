/** Asks the agent for sysUpTime.0 100 times a second, one request at a time, and says how long the answers took. */
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { programRoot } from '../../lib/program-root.ts'
import { oid } from '../../lib/smi/oid.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'

export interface ProbeResult {
  readonly p99us: number
  readonly lost: number
}

export const probeCommunity = 'k7-quiet-harbour'
const everyMs = 10
const lostAfterMs = 1000

export const probeScript = join(programRoot, 'dist', 'bench', 'attacks', 'snmp-probe.js')

/** What a probe prints when it ends. */
export async function probeResult(probe: ChildProcess): Promise<ProbeResult> {
  let said = ''
  probe.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  if (probe.exitCode === null) await once(probe, 'close')
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as ProbeResult
}

async function probe(port: number, seconds: number): Promise<ProbeResult> {
  const socket = createSocket('udp4')
  const tookUs: number[] = []
  let lost = 0
  const untilMs = performance.now() + seconds * 1000
  for (let requestId = 1; performance.now() < untilMs; requestId++) {
    const varbinds = [{ name: oid('1.3.6.1.2.1.1.3.0'), value: { type: 'Null' } as const }]
    const beganMs = performance.now()
    socket.send(encodeRequest('v2c', probeCommunity, { type: 'getRequest', requestId, varbinds }), port, '127.0.0.1')
    try {
      await once(socket, 'message', { signal: AbortSignal.timeout(lostAfterMs) })
      tookUs.push((performance.now() - beganMs) * 1000)
    } catch {
      lost++
    }
    await pause(everyMs)
  }
  socket.close()
  return { p99us: tookUs.sort((a, b) => a - b)[Math.floor(tookUs.length * 0.99)] ?? 0, lost }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, seconds] = process.argv.slice(2).map(Number)
  process.stdout.write('ready\n')
  process.stdout.write(`${JSON.stringify(await probe(port!, seconds!))}\n`)
}
