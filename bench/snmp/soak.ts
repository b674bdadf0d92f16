/** `npm run soak:snmp [MINUTES]`: resident memory of the agent under steady load; fails when it does not stay where it was. */
import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSmoke, sized } from '../smoke.ts'
import { compile, startCastellan, stopAgent, usageOf } from './agents.ts'
import { record } from './record.ts'

const minutes = Number(process.argv[2] ?? sized(30, 0.01))
/** Of each kind of request: a minute for the four. */
const loadSeconds = String(sized(15, 0.2))
const megabytesAtMost = 80
const growthAtMost = 8
const entry = '1.3.6.1.4.1.8072.9999.9999.1.1'

const { load, replay } = compile()
const recording = join(mkdtempSync(join(tmpdir(), 'soak-')), 'recording')
const agent = await startCastellan(15_300)
const port = String(agent.port)
const began = performance.now()
const elapsedMinutes = (): number => (performance.now() - began) / 60_000
const resident: number[] = []
try {
  await new Promise((resolve) => setTimeout(resolve, 1000))
  do {
    // One minute of every kind of request, as fast as they are answered.
    await run(load, [port, 'get', loadSeconds, '0', '16', '50', '1.3.6.1.2.1.1.1.0'])
    await run(load, [port, 'getnext', loadSeconds, '0', '16', '50', entry])
    await run(load, [port, 'getbulk', loadSeconds, '0', '16', '50', entry])
    const oids = Array.from({ length: 16 }, (_, i) => `${entry}.2.${i * 50}`)
    await record({ port: agent.port, path: recording, type: 'getBulkRequest', oids, maxRepetitions: 50 })
    await run(replay, [port, recording, loadSeconds, '0'])
    resident.push(usageOf(agent).residentBytes / 1e6)
    process.stdout.write(`${elapsedMinutes().toFixed(1)} min: ${resident.at(-1)!.toFixed(1)} MB\n`)
  } while (elapsedMinutes() < minutes)
  const last = resident.at(-1)!
  const early = resident[Math.min(2, resident.length - 1)]!
  const isFlat = last <= megabytesAtMost && last - early <= growthAtMost
  process.stdout.write(
    `${resident.length} min of load: ${last.toFixed(1)} MB, ${(last - early).toFixed(1)} MB more than after warming up; ${isFlat ? 'as it should be' : `not below ${megabytesAtMost} MB and flat`}\n`,
  )
  process.exitCode = isFlat || isSmoke ? 0 : 1
} finally {
  await stopAgent(agent)
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('taskset', ['-c', '1', program, ...args], (error, out) =>
      out === '' && error ? reject(new Error(`${program}: ${error.message}`)) : resolve(),
    )
  })
}
