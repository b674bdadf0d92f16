/** sipd beside Kamailio in one run: the same calls and registrations, one core for the server, one for the generator. */

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import { programRoot } from '../../lib/program-root.ts'
import { pause, sized } from '../smoke.ts'
import {
  compileLoad,
  type MeasuredServer,
  routedNumber,
  serverNames,
  setRoutes,
  startServer,
  stopServer,
} from './servers.ts'
import { usageOf } from './usage.ts'

/** What the generator prints. */
interface Load {
  readonly ok: number
  readonly failed: number
  readonly failedPct: number
  readonly shed: number
  readonly perSecond: number
  readonly retransmissions: number
  readonly p50us: number
  readonly p99us: number
}

interface Figures {
  firstAnswerMs: number
  pss20kMb: number
  pss200kMb: number
  registrationsPerSecond: number
  registrationCpuUs: number
  openCallsPerSecond: number
  openServerCpuPercent: number
  sustainedCallsPerSecond: number
  openCallCpuUs: number
  steadyCallCpuUs: number
  relayP50Ms: number
  relayP99Ms: number
  /** Of calls by static routes, which sipd alone is measured with. */
  routedCallCpuUs?: number
  manyRoutesCallCpuUs?: number
}

type Mode = 'calls' | 'routed' | 'register'

interface Row {
  readonly name: string
  readonly figure: keyof Figures
  readonly unit: string
  readonly digits: number
  /** Whether more is better; a ratio above 1 is then to our favour, and below 1 otherwise. */
  readonly isRate: boolean
}

const rows: readonly Row[] = [
  { name: 'calls, most sustained', figure: 'sustainedCallsPerSecond', unit: '/s', digits: 0, isRate: true },
  { name: 'calls, 64 open', figure: 'openCallsPerSecond', unit: '/s', digits: 0, isRate: true },
  { name: "  the server's core meanwhile", figure: 'openServerCpuPercent', unit: ' %', digits: 0, isRate: false },
  { name: '  CPU of a call meanwhile', figure: 'openCallCpuUs', unit: ' us', digits: 0, isRate: false },
  { name: 'CPU of a call at 500 calls/s', figure: 'steadyCallCpuUs', unit: ' us', digits: 0, isRate: false },
  { name: '  by the only static route', figure: 'routedCallCpuUs', unit: ' us', digits: 0, isRate: false },
  { name: '  by one of 20,000 static routes', figure: 'manyRoutesCallCpuUs', unit: ' us', digits: 0, isRate: false },
  { name: 'INVITE to 200 at 500 calls/s, p50', figure: 'relayP50Ms', unit: ' ms', digits: 2, isRate: false },
  { name: 'INVITE to 200 at 500 calls/s, p99', figure: 'relayP99Ms', unit: ' ms', digits: 2, isRate: false },
  { name: 'registrations, 64 open', figure: 'registrationsPerSecond', unit: '/s', digits: 0, isRate: true },
  { name: 'CPU of a registration', figure: 'registrationCpuUs', unit: ' us', digits: 1, isRate: false },
  { name: 'memory with 20,000 registrations', figure: 'pss20kMb', unit: ' MB', digits: 0, isRate: false },
  { name: 'memory with 200,000 registrations', figure: 'pss200kMb', unit: ' MB', digits: 0, isRate: false },
  { name: 'start to first answer', figure: 'firstAnswerMs', unit: ' ms', digits: 0, isRate: false },
]

/** What may be measured alone. */
const parts = ['memory', 'load', 'sustained'] as const

const steadyCallsPerSecond = 500
const openAtMost = 20_000
/** A change of routes is in force by then. */
const routesWithinMs = 1500
const smallFill = sized(20_000, 200)
const bigFill = sized(200_000, 400)

const argumentsGiven = process.argv.slice(2)
const seconds = Number(option('--seconds') ?? sized(4, 0.5))
const only = option('--only')
/** One of `parts`, when the machine is free for a minute at a time; otherwise all of them. */
const part = option('--part')
if (part !== undefined && !parts.some((known) => known === part))
  throw new Error(`--part is one of ${parts.join(', ')}`)
const jsonPath = option('--json') ?? join(programRoot, 'bench', 'build', 'sip.json')
const load = compileLoad()
const firstPort = 15_060
const calleePort = 15_070
let nextPort = firstPort

const measured: Partial<Record<MeasuredServer['name'], Partial<Figures>>> = {}
const machine = `${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, node ${process.version}`
process.stdout.write(`${machine}\nruns of ${seconds} s, the server on core 0, the generator on core 1\n\n`)
for (const name of serverNames) {
  if (only !== undefined && only !== name) continue
  try {
    measured[name] = await measure(name)
  } catch (error) {
    // The other server's figures are worth having all the same.
    process.stderr.write(`${name} could not be measured: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
}
printTable()
mkdirSync(dirname(jsonPath), { recursive: true })
writeFileSync(jsonPath, `${JSON.stringify({ machine, seconds, measured }, null, 2)}\n`)
process.stdout.write(`\nwritten to ${jsonPath}\n`)

async function measure(name: MeasuredServer['name']): Promise<Partial<Figures>> {
  return {
    ...(isWanted('memory') && (await measureMemory(name))),
    ...((isWanted('load') || isWanted('sustained')) && (await measureLoad(name))),
  }
}

function isWanted(one: (typeof parts)[number]): boolean {
  return part === undefined || part === one
}

/** Memory is looked at before any call: a pool that was once touched stays resident. */
async function measureMemory(name: MeasuredServer['name']) {
  const starts: number[] = []
  for (let i = 0; i < 2; i++) {
    const server = await startServer(name, nextPort)
    starts.push(server.firstAnswerMs)
    await stopServer(server)
  }
  return withServer(name, async (server) => {
    starts.push(server.firstAnswerMs)
    await fill(server, smallFill)
    const pss20kMb = usageOf(server.process.pid!).pssBytes / 1e6
    await fill(server, bigFill)
    return { firstAnswerMs: median(starts), pss20kMb, pss200kMb: usageOf(server.process.pid!).pssBytes / 1e6 }
  })
}

async function measureLoad(name: MeasuredServer['name']): Promise<Partial<Figures>> {
  return withServer(name, async (server) => {
    await fill(server, smallFill)
    await generate(server, 'calls', 0, 64, seconds) // the first run pays for compilation, or for fresh memory
    const open = await accounted(server, 'calls', 0, 64)
    const sustained = async () => ({ sustainedCallsPerSecond: await mostSustained(server, 1e6 / open.cpuUsEach) })
    if (!isWanted('load')) return sustained()
    const registered = await accounted(server, 'register', 0, 64)
    const steady = await accounted(server, 'calls', steadyCallsPerSecond, openAtMost)
    const routed = name === 'sipd' ? await measureRoutes(server) : {}
    return {
      ...routed,
      openCallsPerSecond: open.load.perSecond,
      openServerCpuPercent: open.cpuPercent,
      registrationsPerSecond: registered.load.perSecond,
      registrationCpuUs: registered.cpuUsEach,
      openCallCpuUs: open.cpuUsEach,
      steadyCallCpuUs: steady.cpuUsEach,
      relayP50Ms: steady.load.p50us / 1000,
      relayP99Ms: steady.load.p99us / 1000,
      ...(isWanted('sustained') && (await sustained())),
    }
  })
}

/** A call to a number that nobody registered, with one route and with as many as there may be. */
async function measureRoutes(server: MeasuredServer) {
  const numbers = Array.from({ length: smallFill }, (_, user) => routedNumber(user))
  const cpuUs: number[] = []
  for (const patterns of [['+1408*'], numbers]) {
    setRoutes(server, patterns, calleePort)
    await pause(routesWithinMs)
    await generate(server, 'routed', steadyCallsPerSecond, openAtMost, sized(1, 0.5))
    cpuUs.push((await accounted(server, 'routed', steadyCallsPerSecond, openAtMost)).cpuUsEach)
  }
  const [routedCallCpuUs = 0, manyRoutesCallCpuUs = 0] = cpuUs
  return { routedCallCpuUs, manyRoutesCallCpuUs }
}

/** Halves the interval that holds the highest rate at which nothing piles up; what a call costs says where to look. */
async function mostSustained(server: MeasuredServer, fullCore: number): Promise<number> {
  let sustained = 0
  let tooMuch = fullCore * 1.2
  for (let rate = fullCore * 0.8, step = 0; step < sized(6, 1); step++) {
    // Whatever else the machine does spoils a run at times: a rate is too much when it fails twice.
    if ((await isSustained(server, rate)) || (await isSustained(server, rate))) sustained = rate
    else tooMuch = rate
    rate = (sustained + tooMuch) / 2
  }
  return sustained
}

async function isSustained(server: MeasuredServer, rate: number): Promise<boolean> {
  const run = await generate(server, 'calls', rate, openAtMost, seconds)
  const isGood = run.shed === 0 && run.failedPct < 0.1 && run.p99us < 50_000 && run.ok >= rate * seconds * 0.99
  if (!isGood) await pause(sized(3000, 100)) // what was left behind is to be gone
  return isGood
}

async function accounted(server: MeasuredServer, mode: Mode, rate: number, open: number) {
  const before = usageOf(server.process.pid!).cpuSeconds
  const began = performance.now()
  const result = await generate(server, mode, rate, open, seconds)
  const cpuSeconds = usageOf(server.process.pid!).cpuSeconds - before
  if (result.failed > 0) process.stderr.write(`${server.name}, ${mode}: ${result.failed} of ${result.ok} failed\n`)
  const cpuPercent = (cpuSeconds / ((performance.now() - began) / 1000)) * 100
  return { load: result, cpuPercent, cpuUsEach: (cpuSeconds * 1e6) / result.ok }
}

async function fill(server: MeasuredServer, users: number): Promise<void> {
  const result = await generate(server, 'fill', 0, 32, 120, users)
  if (result.ok !== users) throw new Error(`of ${users} registrations only ${result.ok} were accepted`)
}

async function withServer<T>(name: MeasuredServer['name'], run: (server: MeasuredServer) => Promise<T>): Promise<T> {
  const server = await startServer(name, nextPort)
  try {
    return await run(server)
  } finally {
    await stopServer(server)
    nextPort = nextPort === firstPort ? firstPort + 1 : firstPort
  }
}

function generate(
  { port }: MeasuredServer,
  mode: Mode | 'fill',
  rate: number,
  open: number,
  forSeconds: number,
  users = smallFill,
): Promise<Load> {
  const numbers = [rate, forSeconds, open, users, 0, calleePort].map(String)
  return new Promise((resolve, reject) => {
    execFile('taskset', ['-c', '1', load, String(port), mode, ...numbers], (error, out, err) => {
      if (out !== '') resolve(JSON.parse(out) as Load)
      else reject(new Error(`the generator said nothing but: ${err || error?.message}`))
    })
  })
}

function printTable(): void {
  const line = (cells: readonly string[]): string =>
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(38) : cell.padStart(14))).join('')}\n`
  process.stdout.write(line(['', ...serverNames, 'sipd is']))
  for (const { name, figure, unit, digits, isRate } of rows) {
    const [theirs, ours] = serverNames.map((server) => measured[server]?.[figure])
    const show = (value: number | undefined): string =>
      value === undefined
        ? '-'
        : `${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}${unit}`
    const ratio =
      ours === undefined || theirs === undefined
        ? '-'
        : `${(ours / theirs).toFixed(2)}x ${isRate ? '(more)' : '(less)'}`
    process.stdout.write(line([name, show(theirs), show(ours), ratio]))
  }
  process.stdout.write('\n(more): a higher ratio is better; (less): a lower one\n')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function option(name: string): string | undefined {
  const at = argumentsGiven.indexOf(name)
  return at >= 0 ? argumentsGiven[at + 1] : undefined
}
