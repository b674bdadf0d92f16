/**
 * sipd and the agent under all attacks together, beside 200 calls/s: what callers and managers notice of them. The
 * appliance has the first core; attackers, callers and managers share the second.
 */
import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { programRoot } from '../../lib/program-root.ts'
import { compileLoad } from '../sip/servers.ts'
import { usageOf } from '../sip/usage.ts'
import { isSmoke } from '../smoke.ts'
import { Appliance, attackerNetwork, callerAddress, serverAddress, sipPort, snmpPort } from './appliance.ts'
import { sipAttacks } from './sip-attacks.ts'
import { snmpAttacks } from './snmp-attacks.ts'
import { probeResult, probeScript } from './snmp-probe.ts'

interface Calls {
  readonly ok: number
  readonly failed: number
  readonly p50us: number
  readonly p99us: number
  /** Without what its messages waited in the callers' own sockets, because the second core was busy. */
  readonly serverP99us: number
  /** That alone. */
  readonly waitP99us: number
}

const callsPerSecond = 200
/** Fewer than one source may register again within a minute. */
const users = 500
const calleePort = 5070
/** The attackers', as attacker.ts gives them out. */
const firstHost = 20

const all = Object.keys({ ...sipAttacks, ...snmpAttacks })
/** `--each`: one attack after the other, to see which of them costs what; `--only`: these attacks, with commas between. */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    each: { type: 'boolean', default: false },
    only: { type: 'string', default: all.join(',') },
  },
})
const seconds = Number(values.seconds)
const attackers = values.only.split(',')
const load = compileLoad()
process.stdout.write(
  `${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, node ${process.version}\n` +
    `${callsPerSecond} calls/s for ${seconds} s, alone and under ${attackers.length} attacks together\n\n`,
)

const appliance = await Appliance.start(attackers.map((_, i) => `${attackerNetwork}.${firstHost + i}`))
try {
  await generate('fill', 0, 32, 30)
  await generate('calls', callsPerSecond, 1000, 3) // the first run pays for compilation
  const alone = await measured()
  if (values.each) await measureEach(alone)
  else await measureTogether(alone)
} finally {
  await appliance.stop()
}

/** What calls and managers notice of each attack by itself. */
async function measureEach(alone: Measured): Promise<void> {
  const line = ({ calls, sipdMb, agentMb, snmpP99us }: Measured): string =>
    `p99 ${(calls.p99us / 1000).toFixed(2)} ms, failed ${calls.failed}, sipd ${sipdMb.toFixed(0)} MB, SNMP p99 ${(snmpP99us / 1000).toFixed(2)} ms, agent ${agentMb.toFixed(0)} MB\n`
  process.stdout.write(`${'alone'.padEnd(22)}${line(alone)}`)
  for (const name of attackers) {
    const child = await appliance.pair.host.start(...atPeer(attackerWords(name)))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.stdout!.resume()
    process.stdout.write(`${name.padEnd(22)}${line(await measured())}`)
    await ended
  }
}

async function measureTogether(alone: Measured): Promise<void> {
  const child = await appliance.pair.host.start(...atPeer(attackerWords(values.only)))
  let said = ''
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const under = await measured()
  await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)))
  const afterwards = await measured(Math.min(seconds, 10))
  print({ alone, under, afterwards })
  const sent = JSON.parse(said.trim().split('\n').at(-1) ?? '{}') as Record<string, number>
  printSent(sent)
  process.stdout.write(`\nsip status: ${JSON.stringify(await appliance.sipStatus(), null, 2)}\n`)
  process.stdout.write(`\nsources that the log names:\n${namedSources()}\n`)
  const isMet = under.calls.p99us <= 3 * alone.calls.p99us && under.calls.failed === 0
  if (!isMet && !isSmoke) process.exitCode = 1
}

interface Measured {
  readonly calls: Calls
  readonly snmpP99us: number
  readonly snmpLost: number
  readonly sipdMb: number
  readonly agentMb: number
  readonly pids: string
}

async function measured(forSeconds = seconds): Promise<Measured> {
  const probe = await appliance.pair.host.start(
    ...['taskset', '-c', '1', process.execPath, probeScript],
    ...[snmpPort, forSeconds].map(String),
  )
  const result = probeResult(probe)
  const calls = await generate('calls', callsPerSecond, 2000, forSeconds)
  const snmp = await result
  const [sipd = 0, agent = 0] = [appliance.pidOf('sipd'), appliance.pidOf('agent')]
  return {
    calls,
    snmpP99us: snmp.p99us,
    snmpLost: snmp.lost,
    sipdMb: usageOf(sipd).pssBytes / 1e6,
    agentMb: usageOf(agent).pssBytes / 1e6,
    pids: `${sipd} ${agent}`,
  }
}

async function generate(mode: 'fill' | 'calls', rate: number, open: number, forSeconds: number): Promise<Calls> {
  const numbers = [sipPort, mode, rate, forSeconds, open, users, 0, calleePort].map(String)
  return JSON.parse(await appliance.pair.host.run(...atPeer([load, ...numbers, serverAddress, callerAddress]))) as Calls
}

function attackerWords(names: string): string[] {
  const script = join(programRoot, 'dist', 'bench', 'attacks', 'attacker.js')
  const ports = [sipPort, snmpPort].map(String)
  const target = [serverAddress, ...ports, appliance.agentxPath]
  return ['nice', '-n', '19', process.execPath, script, ...target, String(seconds), attackerNetwork, names]
}

function atPeer(words: readonly string[]): string[] {
  return appliance.pair.atPeer('taskset', '-c', '1', ...words)
}

function print(runs: Readonly<Record<'alone' | 'under' | 'afterwards', Measured>>): void {
  const rows: readonly (readonly [string, (one: Measured) => string])[] = [
    ['calls that succeeded', ({ calls }) => String(calls.ok)],
    ['calls that failed', ({ calls }) => String(calls.failed)],
    ['INVITE to 200, p50', ({ calls }) => `${(calls.p50us / 1000).toFixed(2)} ms`],
    ['INVITE to 200, p99', ({ calls }) => `${(calls.p99us / 1000).toFixed(2)} ms`],
    ['  without the wait for callers', ({ calls }) => `${(calls.serverP99us / 1000).toFixed(2)} ms`],
    ['  the wait for callers, p99', ({ calls }) => `${(calls.waitP99us / 1000).toFixed(2)} ms`],
    ['SNMP GET, p99', ({ snmpP99us }) => `${(snmpP99us / 1000).toFixed(2)} ms`],
    ['SNMP GETs without an answer', ({ snmpLost }) => String(snmpLost)],
    ['memory of sipd', ({ sipdMb }) => `${sipdMb.toFixed(0)} MB`],
    ['memory of the agent', ({ agentMb }) => `${agentMb.toFixed(0)} MB`],
    ['PIDs', ({ pids }) => pids],
  ]
  const line = (cells: readonly string[]): string =>
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(30) : cell.padStart(16))).join('')}\n`
  process.stdout.write(line(['', 'alone', 'under attack', 'afterwards']))
  for (const [name, show] of rows)
    process.stdout.write(line([name, show(runs.alone), show(runs.under), show(runs.afterwards)]))
  const ratio = runs.under.calls.p99us / runs.alone.calls.p99us
  process.stdout.write(`\nunder attack a call takes ${ratio.toFixed(2)} times as long at p99\n`)
}

/** What was sent in all, and how fast: an attacker that the core had no time for would prove nothing. */
function printSent(sent: Readonly<Record<string, number>>): void {
  process.stdout.write('\nsent by the attackers:\n')
  for (const [name, count] of Object.entries(sent))
    process.stdout.write(
      `  ${name.padEnd(22)}${String(count).padStart(8)}${(count / seconds).toFixed(1).padStart(10)}/s\n`,
    )
}

/** Each sentence of the logs that names a source, with how often it does. */
function namedSources(): string {
  const counts = new Map<string, number>()
  for (const name of ['sipd', 'agent'] as const)
    for (const line of readFileSync(appliance.logPath(name), 'utf8').split('\n')) {
      const source = /(?:source|from|remote|address)=(10\.77\.0\.\d+)/.exec(line)?.[1]
      if (source === undefined) continue
      const sentence = line.replace(/^\S+ \w+ +/, '').replace(/ \w+=.*$/, '')
      const key = `${name}: ${sentence} (${source})`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  return [...counts].map(([key, count]) => `${String(count).padStart(6)} ${key}`).join('\n')
}
