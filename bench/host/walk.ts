/** A walk of all of mib-2 on a machine with 500 processes: Castellan beside Net-SNMP's snmpd in one run, one core each. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { nodeOptions } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { until } from '../../test/support/appliance.ts'
import { compile, type MeasuredAgent, stopAgent, usageOf } from '../snmp/agents.ts'

const execute = promisify(execFile)
const root = '1.3.6.1.2.1'
const processes = 500
const repetitions = 50
const rounds = 7
const roundSeconds = 2
/** Longer than it takes the caches of either agent to age. */
const restMs = 6_000
/** For the whole of Castellan's walk, after a rest and walk after walk. */
const mostMs = 30

interface Walks {
  /** Of a walk that nobody asked for anything before. */
  readonly restedMs: number
  /** In the mean, one right after the other. */
  readonly steadyMs: number
  /** What the agent's processor did for each. */
  readonly cpuMs: number
}

const { load } = compile()
const sleepers = startSleepers(processes - countProcesses())
const home = resolveHome(mkdtempSync(join(tmpdir(), 'bench-castellan-')))
const folder = mkdtempSync(join(tmpdir(), 'bench-snmpd-'))
const agents = [startSnmpd(16_120), await startCastellan(15_020, home)]
try {
  for (const agent of agents) await until(async () => (await countVarbinds(agent)) > 0, 20_000, agent.name)
  const [, castellan] = agents
  await until(async () => (await countVarbinds(castellan!, `${root}.25.6.3`)) > 0, 30_000, 'the list of packages')
  process.stdout.write(`${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, node ${process.version}\n`)
  process.stdout.write(`${countProcesses()} processes; ${rounds} rounds in turn, GETBULK ${repetitions}; medians\n\n`)
  process.stdout.write(line(['', 'varbinds', 'after a rest', 'walk after walk', 'processor', 'per 1,000 varbinds']))
  const measured = new Map<MeasuredAgent, Walks[]>(agents.map((agent) => [agent, []]))
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, restMs))
    for (const agent of agents) measured.get(agent)!.push(await walk(agent))
  }
  const perThousand: number[] = []
  for (const [agent, all] of measured) {
    const varbinds = await countVarbinds(agent)
    const middle = (pick: (one: Walks) => number): number => median(all.map(pick))
    const steadyMs = middle((one) => one.steadyMs)
    perThousand.push((steadyMs / varbinds) * 1000)
    process.stdout.write(
      line([
        agent.name,
        varbinds.toLocaleString('en'),
        `${middle((one) => one.restedMs).toFixed(1)} ms`,
        `${steadyMs.toFixed(1)} ms`,
        `${middle((one) => one.cpuMs).toFixed(1)} ms`,
        `${perThousand.at(-1)!.toFixed(2)} ms`,
      ]),
    )
  }
  const ours = measured.get(castellan!)!
  const slowestMs = Math.max(median(ours.map((one) => one.restedMs)), median(ours.map((one) => one.steadyMs)))
  process.stdout.write(`\nfor the same number of varbinds ${(perThousand[0]! / perThousand[1]!).toFixed(1)}x; `)
  process.stdout.write(`castellan's slower median ${slowestMs.toFixed(1)} ms (to meet: < ${mostMs} ms)\n`)
  if (process.argv.includes('--check') && slowestMs >= mostMs) process.exitCode = 1
} finally {
  for (const agent of agents) await stopAgent(agent)
  for (const sleeper of sleepers) sleeper.kill('SIGKILL')
  for (const made of [home.root, folder]) rmSync(made, { recursive: true, force: true })
}

/** One walk after the rest, and then as many as fit into a round; one request at a time, as a manager walks. */
async function walk(agent: MeasuredAgent): Promise<Walks> {
  const { name, port } = agent
  const before = usageOf(agent).cpuSeconds
  const began = performance.now()
  const words = ['-c', '1', load, `${port}`, 'getbulk', `${roundSeconds}`, '0', '1', `${repetitions}`, root]
  const { vps, first_walk_ms, lost, wrong } = JSON.parse((await execute('taskset', words)).stdout) as Load
  const cpuShare = ((usageOf(agent).cpuSeconds - before) * 1000) / (performance.now() - began)
  if (lost > 0 || wrong > 0) throw new Error(`${name}: ${lost} answers lost, ${wrong} wrong`)
  if (first_walk_ms === 0)
    throw new Error(`${name}: no walk was through within ${roundSeconds} s; measure when less else runs here`)
  const steadyMs = ((await countVarbinds(agent)) / vps) * 1000
  return { restedMs: first_walk_ms, steadyMs, cpuMs: steadyMs * cpuShare }
}

interface Load {
  readonly vps: number
  readonly first_walk_ms: number
  readonly lost: number
  readonly wrong: number
}

async function countVarbinds({ port }: MeasuredAgent, below = root): Promise<number> {
  const words = ['-v2c', '-cpublic', `-Cr${repetitions}`, '-Onq', '-t2', `127.0.0.1:${port}`, `.${below}`]
  try {
    const { stdout } = await execute('snmpbulkwalk', words, { env: { ...process.env, MIBS: '' }, maxBuffer: 1 << 26 })
    return stdout.split(/^\./m).length - 1
  } catch {
    return 0 // not there yet
  }
}

/** With the rights to see everything, as Castellan's `public` may on loopback. */
function startSnmpd(port: number): MeasuredAgent {
  const config = join(folder, 'snmpd.conf')
  writeFileSync(config, `agentaddress udp:127.0.0.1:${port}\nrocommunity public 127.0.0.1 .${root}\n`)
  const env = { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: folder, PATH: `${process.env.PATH}:/usr/sbin` }
  const child = spawn('taskset', ['-c', '0', 'snmpd', '-f', '-LE', '3', '-C', '-c', config], { env, stdio: 'ignore' })
  return { name: 'snmpd', port, process: child }
}

/** The agent as it ships. */
async function startCastellan(portOffset: number, { root: folder }: Home): Promise<MeasuredAgent> {
  await initializeHome(resolveHome(folder), portOffset)
  const main = join(programRoot, 'dist', 'agent', 'main.js')
  const words = ['-c', '0', process.execPath, ...nodeOptions, main, '--home', folder]
  const child = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  return { name: 'castellan', port: 1161 + portOffset, process: child }
}

function startSleepers(count: number): ChildProcess[] {
  return Array.from({ length: Math.max(0, count) }, () => spawn('sleep', ['900'], { stdio: 'ignore' }))
}

function countProcesses(): number {
  return readdirSync('/proc').filter((name) => Number(name) > 0).length
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1]!
}

function line(cells: readonly string[]): string {
  return `${cells.map((cell, at) => (at === 0 ? cell.padEnd(12) : cell.padStart(19))).join('')}\n`
}
