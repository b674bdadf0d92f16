/** Castellan beside Net-SNMP's snmpd in one run: the same table, the same requests, one core each, medians of three. */
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { pause, sized } from '../smoke.ts'
import {
  compile,
  type MeasuredAgent,
  startCastellan,
  startCastellanPair,
  startShippedCastellan,
  startSnmpd,
  startSnmpdPair,
  stopAgent,
  usageOf,
} from './agents.ts'
import { latencyWhileKilled } from './kill.ts'
import { record } from './record.ts'

interface Row {
  readonly name: string
  readonly mode: 'get' | 'getnext' | 'getbulk' | 'v3get' | 'v3getbulk'
  readonly oids: readonly string[]
  readonly counts: 'rps' | 'vps'
  /** DESIGN: at least this many times the peer's figure; none where only the figures are of interest. */
  readonly toMeet?: number
  /** Served by a subagent on the agent's core. */
  readonly through?: 'agentx'
}

interface Load {
  readonly rps: number
  readonly vps: number
  readonly p50_us: number
  readonly p99_us: number
  readonly lost: number
  readonly wrong: number
}

interface Run extends Load {
  readonly cpuPercent: number
}

const window = 16
const sixteen = (oid: (i: number) => string): string[] => Array.from({ length: window }, (_, i) => oid(i))
const entry = '1.3.6.1.4.1.8072.9999.9999.1.1'
const system = '1.3.6.1.2.1.1'
const rows: readonly Row[] = [
  { name: 'GET 1 varbind', mode: 'get', oids: [`${system}.1.0`], counts: 'rps', toMeet: 1.5 },
  {
    name: 'GET 10 varbinds',
    mode: 'get',
    oids: ['2', '3', '4', '5', '6', '7', '8', '9', '10'].map((c) => `${entry}.${c}.500`).concat(`${entry}.2.501`),
    counts: 'rps',
    toMeet: 2,
  },
  { name: 'GETNEXT walk, 10,000 cells', mode: 'getnext', oids: [entry], counts: 'rps', toMeet: 1.7 },
  { name: 'GETBULK 50 walk, 10,000 cells', mode: 'getbulk', oids: [entry], counts: 'vps', toMeet: 6 },
  { name: 'SNMPv3 authPriv GET', mode: 'v3get', oids: sixteen(() => `${system}.1.0`), counts: 'rps', toMeet: 1.1 },
  {
    name: 'SNMPv3 authPriv GETBULK 50',
    mode: 'v3getbulk',
    oids: sixteen((i) => `${entry}.2.${i * 50}`),
    counts: 'rps',
    toMeet: 3,
  },
  {
    name: 'GET through AgentX',
    mode: 'get',
    oids: [`${entry}.2.500`],
    counts: 'rps',
    toMeet: 1,
    through: 'agentx',
  },
  {
    name: 'GETNEXT walk through AgentX',
    mode: 'getnext',
    oids: [entry],
    counts: 'rps',
    through: 'agentx',
  },
  {
    name: 'GETBULK 50 walk through AgentX',
    mode: 'getbulk',
    oids: [entry],
    counts: 'vps',
    toMeet: 5,
    through: 'agentx',
  },
  { name: 'GETNEXT walk, mib-2 interfaces', mode: 'getnext', oids: ['1.3.6.1.2.1.2'], counts: 'rps' },
  { name: 'GETBULK 50 walk, mib-2 interfaces', mode: 'getbulk', oids: ['1.3.6.1.2.1.2'], counts: 'vps' },
]
const repetitions = 50
const runs = sized(3, 1)

const argumentsGiven = process.argv.slice(2)
const seconds = Number(option('--seconds') ?? sized(3, 0.2))
const { load, replay, bigTable } = compile()
const recording = join(mkdtempSync(join(tmpdir(), 'bench-')), 'recording')

const direct = [startSnmpd(16_100, bigTable), await startCastellan(15_000)]
const throughAgentx = [startSnmpdPair(16_110, bigTable), await startCastellanPair(15_010)]
const all = [...direct, ...throughAgentx]
try {
  for (const agent of all) await answers(agent)
  await pause(2000) // snmpd's subagent connects in its own time
  for (const agent of direct) await warmUp(agent, undefined)
  for (const agent of throughAgentx) await warmUp(agent, 'agentx')
  process.stdout.write(`${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, node ${process.version}\n`)
  process.stdout.write(
    `${runs} runs of ${seconds} s each in turn, window ${window}; medians, and the spread between least and most\n\n`,
  )
  process.stdout.write(line(['', 'snmpd', 'castellan', 'ratio', 'to meet', 'spread', 'p50/p99 us', 'agent cpu']))
  let missed = 0
  for (const row of rows) {
    if (!isChosen(row)) continue
    const measured: Run[][] = [[], []]
    const agents = row.through ? throughAgentx : direct
    for (let run = 0; run < runs; run++) {
      for (const [i, agent] of agents.entries()) measured[i]!.push(await measure(agent, row))
    }
    const [theirs, ours] = measured.map((all) => median(all.map((one) => one[row.counts]))) as [number, number]
    const middle = (pick: (run: Run) => number): number => median(measured[1]!.map(pick))
    const ratio = ours / theirs
    if (row.toMeet !== undefined && ratio < row.toMeet * 0.8) missed++
    process.stdout.write(
      line([
        row.name,
        `${Math.round(theirs).toLocaleString('en')}/s`,
        `${Math.round(ours).toLocaleString('en')}/s`,
        `${ratio.toFixed(2)}x`,
        row.toMeet === undefined ? '' : `>= ${row.toMeet}x`,
        measured.map((all) => `${spread(all.map((one) => one[row.counts]))} %`).join(' / '),
        `${middle((run) => run.p50_us).toFixed(0)}/${middle((run) => run.p99_us).toFixed(0)}`,
        measured.map((all) => `${median(all.map((one) => one.cpuPercent)).toFixed(0)} %`).join(' / '),
      ]),
    )
  }
  const memory = direct.map((agent) => `${agent.name} ${(usageOf(agent).residentBytes / 1e6).toFixed(0)} MB`)
  process.stdout.write(`\nresident memory after the load: ${memory.join(', ')}\n`)
  for (const agent of direct) await stopAgent(agent)
  await stopAgent(throughAgentx[0]!)
  const [, pair] = throughAgentx
  const subagentMemory = (usageOf({ ...pair!, process: pair!.subagent! }).residentBytes / 1e6).toFixed(0)
  process.stdout.write(
    `of castellan through AgentX: master ${(usageOf(pair!).residentBytes / 1e6).toFixed(0)} MB, subagent ${subagentMemory} MB\n`,
  )
  const killed = await latencyWhileKilled(pair!)
  process.stdout.write(
    `1,000 requests/s while a subagent is killed: p50 ${killed.p50Ms.toFixed(1)} ms, p99 ${killed.p99Ms.toFixed(1)} ms (to meet: <= 5 ms), slowest ${killed.slowestMs.toFixed(0)} ms, ${killed.unanswered} unanswered; its region back after ${killed.backAfterMs.toFixed(0)} ms\n`,
  )
  await stopAgent({ ...pair!, process: pair!.process })
  process.stdout.write(`cold start to first answer: ${await coldStarts()}\n`)
  if (argumentsGiven.includes('--check') && missed > 0) process.exitCode = 1
} finally {
  for (const agent of all) {
    agent.process.kill('SIGKILL')
    agent.subagent?.kill('SIGKILL')
  }
}

async function measure(agent: MeasuredAgent, row: Row): Promise<Run> {
  const before = usageOf(agent)
  const began = performance.now()
  const text = await generate(agent, row, seconds, sized(0.5, 0))
  const cpuPercent = ((usageOf(agent).cpuSeconds - before.cpuSeconds) / ((performance.now() - began) / 1000)) * 100
  const result = JSON.parse(text) as Load
  if (result.lost > 0 || result.wrong > 0)
    process.stderr.write(`${agent.name}, ${row.name}: ${result.lost} lost, ${result.wrong} wrong\n`)
  return { ...result, cpuPercent }
}

/** Node compiles what is hot while it runs; a figure is of interest only after that. */
async function warmUp(agent: MeasuredAgent, through: Row['through']): Promise<void> {
  for (const row of rows) if (row.through === through && isChosen(row)) await generate(agent, row, sized(1, 0.1), 0)
}

/** `--only WORD` measures the rows whose name has it. */
function isChosen({ name }: Row): boolean {
  return name.includes(option('--only') ?? '')
}

async function generate({ port }: MeasuredAgent, row: Row, forSeconds: number, warmup: number): Promise<string> {
  const { mode, oids } = row
  const during = [String(forSeconds), String(warmup)]
  if (mode !== 'v3get' && mode !== 'v3getbulk')
    return run(['-c', '1', load, String(port), mode, ...during, String(window), String(repetitions), ...oids])
  const type = mode === 'v3get' ? 'getRequest' : 'getBulkRequest'
  const varbinds = await record({ port, path: recording, type, oids, maxRepetitions: repetitions })
  const due = mode === 'v3get' ? 1 : repetitions
  if (varbinds !== due) throw new Error(`${row.name}: ${varbinds} varbinds in an answer, not ${due}`)
  return run(['-c', '1', replay, String(port), recording, ...during])
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('taskset', args, (error, out, err) => {
      if (out !== '') resolve(out)
      else reject(new Error(`load: ${err || error?.message}`))
    })
  })
}

async function coldStarts(): Promise<string> {
  const times: Record<string, number[]> = { snmpd: [], castellan: [] }
  for (let i = 0; i < runs; i++) {
    for (const start of [() => startSnmpd(16_101, bigTable), () => startShippedCastellan(15_001)]) {
      const agent = await start()
      const began = performance.now()
      await answers(agent)
      times[agent.name]!.push(performance.now() - began)
      await stopAgent(agent)
    }
  }
  return Object.entries(times)
    .map(([name, all]) => `${name} ${median(all).toFixed(0)} ms`)
    .join(', ')
}

/** Asks every 2 ms until there is an answer. */
async function answers({ name, port }: MeasuredAgent): Promise<void> {
  const socket = createSocket('udp4')
  const request = encodeRequest('v2c', 'public', {
    type: 'getRequest',
    requestId: 1,
    varbinds: [{ name: [1, 3, 6, 1, 2, 1, 1, 3, 0], value: { type: 'Null' } }],
  })
  const deadline = performance.now() + 10_000
  await new Promise<void>((resolve, reject) => {
    const timer = setInterval(() => {
      if (performance.now() > deadline) reject(new Error(`${name} does not answer on port ${port}`))
      socket.send(request, port, '127.0.0.1', () => {})
    }, 2)
    socket.on('error', () => {})
    socket.once('message', () => {
      clearInterval(timer)
      resolve()
    })
  })
  socket.close()
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function spread(values: readonly number[]): string {
  return (((Math.max(...values) - Math.min(...values)) / median(values)) * 100).toFixed(0)
}

function line(cells: readonly string[]): string {
  const widths = [34, 14, 14, 8, 9, 12, 12, 16]
  return `${cells
    .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    .join('')
    .trimEnd()}\n`
}

function option(name: string): string | undefined {
  const at = argumentsGiven.indexOf(name)
  return at >= 0 ? argumentsGiven[at + 1] : undefined
}
