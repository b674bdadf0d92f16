/** A machine with very many links, routes, mounts and processes: what Castellan's agent and Net-SNMP's snmpd cost there, at rest and walked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { initializeHome, resolveHome } from '../../lib/home/home.ts'
import { readStat } from '../../lib/proc/processes.ts'
import { nodeOptions } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { until } from '../../test/support/appliance.ts'
import { NetworkNamespace } from '../../test/support/network-namespace.ts'

const { values } = parseArgs({
  options: {
    links: { type: 'string', default: '800' },
    routes: { type: 'string', default: '100000' },
    mounts: { type: 'string', default: '1000' },
    processes: { type: 'string', default: '10000' },
    /** The agent's periods grow with what they cost for about two minutes. */
    settle: { type: 'string', default: '120' },
    seconds: { type: 'string', default: '60' },
    /** A folder for a profile of the agent, as `node --cpu-prof` writes it. */
    profile: { type: 'string' },
    port: { type: 'string', default: '37161' },
    'no-snmpd': { type: 'boolean', default: false },
  },
})
const [links, routes, mounts, processes] = [values.links, values.routes, values.mounts, values.processes].map(
  Number,
) as [number, number, number, number]
const settleMs = Number(values.settle) * 1000
const measureMs = Number(values.seconds) * 1000
const port = Number(values.port)
/** To meet, of Castellan's agent at rest. */
const mostPercent = 5
const mostMb = 200

/** What both agents serve of it. */
const walked = ['1.3.6.1.2.1.2.2', '1.3.6.1.2.1.31.1.1', '1.3.6.1.2.1.25.2.3', '1.3.6.1.2.1.25.4.2']

/** Beside the processes, everything of the real /proc but its processes. Written out for the namespace to run. */
const fillProcesses = String.raw`
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
const [, , folder, count] = process.argv
const own = new Set(readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
for (const name of readdirSync('/proc')) if (!own.has(name)) symlinkSync(folder + '/real/' + name, folder + '/proc/' + name)
for (let at = 1; at <= Number(count); at++) {
  const pid = 1_000_000 + at
  const place = folder + '/proc/' + pid
  mkdirSync(place + '/fd', { recursive: true })
  const stat = pid + ' (worker-' + at + ') S 1 1 1 0 -1 0 0 0 0 0 ' + at + ' 0 0 0 20 0 1 0 ' + at + ' 0 25' + ' 0'.repeat(28)
  writeFileSync(place + '/stat', stat + '\n')
  writeFileSync(place + '/cmdline', '/usr/bin/worker\0--number\0' + at + '\0')
  writeFileSync(place + '/status', 'Name:\tworker-' + at + '\nState:\tS (sleeping)\nUid:\t0\t0\t0\t0\n')
}
`

interface Agent {
  readonly name: string
  readonly pid: number
  readonly address: string
}

const folder = mkdtempSync(join(tmpdir(), 'bench-scale-'))
const namespace = await NetworkNamespace.create(setUp())
try {
  const title = `${links} links, ${routes} routes, ${mounts} mounts, ${processes} processes`
  process.stdout.write(
    `${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, node ${process.version}\n${title}\n`,
  )
  process.stdout.write(line(['', 'at rest', 'resident', 'a walk', 'processor of it', 'varbinds']))
  const starts = values['no-snmpd'] ? [startCastellan] : [startCastellan, startSnmpd]
  let isMet = true
  for (const start of starts) {
    const agent = await start()
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const percent = await restPercent(agent)
    const mb = residentMb(agent.pid)
    if (start === startCastellan) isMet = percent <= mostPercent && mb <= mostMb
    const walk = await walkOf(agent)
    const cells = [`${percent.toFixed(1)} %`, `${mb.toFixed(0)} MB`, `${walk.tookMs.toFixed(0)} ms`, `${walk.cpuMs} ms`]
    process.stdout.write(line([agent.name, ...cells, String(walk.varbinds)]))
    await namespace.run('umount', '-l', '/proc')
    process.kill(agent.pid, 'SIGTERM')
    await until(() => readStat(agent.pid) === undefined || readStat(agent.pid)?.state === 'Z', 30_000, 'its end')
  }
  process.stdout.write(`to meet by Castellan: ${mostPercent} % of a core, ${mostMb} MB${isMet ? '' : ': NOT MET'}\n`)
  if (!isMet) process.exitCode = 1
} finally {
  await namespace.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** The commands that fill the namespace. Processes are files in a folder that is mounted over /proc there, so that nobody else sees them. */
function setUp(): string {
  const pairs = Math.floor(links / 2)
  const batch: string[] = []
  for (let pair = 0; pair < pairs; pair++) {
    batch.push(`link add a${pair} type veth peer name b${pair}`)
    batch.push(`addr add 172.${16 + (pair >> 8)}.${pair & 255}.1/24 dev a${pair}`)
    batch.push(`link set a${pair} up`, `link set b${pair} up`)
  }
  writeFileSync(join(folder, 'links'), `${batch.join('\n')}\n`)
  const added = Array.from({ length: routes }, (_, at) => {
    const via = at % pairs
    return `route add 10.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32 via 172.${16 + (via >> 8)}.${via & 255}.9`
  })
  writeFileSync(join(folder, 'routes'), `${added.join('\n')}\n`)
  writeFileSync(join(folder, 'fill.mjs'), fillProcesses)
  return `
ip -batch ${folder}/links
ip -batch ${folder}/routes
mkdir ${folder}/mounts ${folder}/proc ${folder}/real
mount -t tmpfs scale ${folder}/mounts
cd ${folder}/mounts; mkdir $(seq 1 ${mounts}); for one in *; do mount -t tmpfs -o size=1m scale $one; done; cd /
mount -t tmpfs scale ${folder}/proc
mount --rbind /proc ${folder}/real
${process.execPath} ${folder}/fill.mjs ${folder} ${processes}
`
}

async function startCastellan(): Promise<Agent> {
  const home = resolveHome(join(folder, 'home'))
  await initializeHome(home, port - 1161)
  const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
  const main = join(programRoot, 'dist', 'agent', 'main.js')
  const words = [process.execPath, ...profile, ...nodeOptions, main, '--home', home.root]
  return started('Castellan', words, `127.0.0.1:${port}`)
}

function startSnmpd(): Promise<Agent> {
  const address = `127.0.0.1:${port + 10}`
  const config = join(folder, 'snmpd.conf')
  writeFileSync(config, `agentaddress udp:${address}\nrocommunity public 127.0.0.1\n`)
  const words = ['env', 'MIBS=', `SNMP_PERSISTENT_DIR=${folder}`, 'snmpd', '-f', '-LE', '3', '-C', '-c', config]
  return started('snmpd', words, address)
}

async function started(name: string, words: readonly string[], address: string): Promise<Agent> {
  const file = join(folder, `${name}.pid`)
  void namespace.start('sh', '-c', `echo $$ > ${file}; exec "$@"`, 'sh', ...words)
  const answers = (): Promise<boolean> => walk(address, '1.3.6.1.2.1.2.1').then((count) => count > 0)
  await until(answers, 60_000, `an answer of ${name}`)
  // Only now: a daemon finds itself in /proc when it starts.
  await namespace.run('mount', '--bind', `${folder}/proc`, '/proc')
  return { name, address, pid: Number(readFileSync(file, 'utf8')) }
}

async function walk(address: string, root: string): Promise<number> {
  const words = ['-v2c', '-cpublic', '-Onq', '-Cr50', '-t30', address, root]
  const out = await namespace.run('snmpbulkwalk', ...words).catch(() => '')
  return out.split('\n').filter((found) => found.startsWith(`.${root}.`)).length
}

function cpuMsOf(pid: number): number {
  return readStat(pid)!.cpuTicks * 10
}

async function restPercent({ pid }: Agent): Promise<number> {
  const [fromMs, beganMs] = [cpuMsOf(pid), performance.now()]
  await new Promise((resolve) => setTimeout(resolve, measureMs))
  return ((cpuMsOf(pid) - fromMs) * 100) / (performance.now() - beganMs)
}

async function walkOf({ pid, address }: Agent): Promise<{ tookMs: number; cpuMs: number; varbinds: number }> {
  const [fromMs, beganMs] = [cpuMsOf(pid), performance.now()]
  let varbinds = 0
  for (const root of walked) varbinds += await walk(address, root)
  return { tookMs: performance.now() - beganMs, cpuMs: cpuMsOf(pid) - fromMs, varbinds }
}

function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}

function line(cells: readonly string[]): string {
  return `${cells.map((cell, at) => (at === 0 ? cell.padEnd(10) : cell.padStart(16))).join('')}\n`
}
