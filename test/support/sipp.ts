/** SIPp as a caller or a callee: one scenario of test/fixtures/sipp in a process of its own, awaited by its exit. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'
import { until } from './appliance.ts'
import { freePorts } from './sip-ports.ts'

const scenarios = join(programRoot, 'test', 'fixtures', 'sipp')

export interface SippOptions {
  /** The file's name without `.xml`. */
  readonly scenario: string
  /** The port that it sends from and is called at. */
  readonly port: number
  /** host:port of the server under test; a callee needs none. */
  readonly target?: string
  readonly host?: '127.0.0.1' | '::1'
  readonly calls?: number
  readonly callsPerSecond?: number
  /** One UDP socket, one TCP connection, or a UDP socket or TCP connection for each call. */
  readonly transport?: 'u1' | 't1' | 'un' | 'tn'
  /** The user that is called: `sip:USER@example.test`. */
  readonly user?: string
  /** How long the scenario's `<pause/>` takes: a caller's call, a callee's ringing. */
  readonly pauseMs?: number
  /** `%NAME%` in the scenario becomes the text: for what SIPp's own keywords cannot stand for. */
  readonly fill?: Readonly<Record<string, string>>
  readonly timeoutSeconds?: number
  readonly more?: readonly string[]
}

export interface SippCounts {
  readonly successful: number
  readonly failed: number
}

/** Starts SIPp; resolves when its socket is open. */
export async function startSipp(options: SippOptions): Promise<Sipp> {
  const folder = mkdtempSync(join(tmpdir(), 'sipp-'))
  const path = join(folder, `${options.scenario}.xml`)
  writeFileSync(path, readScenario(options.scenario, options.fill ?? {}))
  const { port, host = '127.0.0.1', transport = 'u1', timeoutSeconds = 20 } = options
  const own = await freePorts(8)
  const child = spawn(
    'sipp',
    [
      ...(options.target === undefined ? [] : [options.target]),
      ...['-sf', path, '-i', host, '-p', String(port), '-t', transport, '-nostdin'],
      ...['-m', String(options.calls ?? 1), '-r', String(options.callsPerSecond ?? 10), '-l', '1000'],
      ...['-d', String(options.pauseMs ?? 0), '-key', 'user', options.user ?? 'bob'],
      ...['-mp', String(own), '-mi', '127.0.0.1', '-cp', String(own + 6)],
      ...['-timeout', String(timeoutSeconds), '-timeout_error', '-trace_err', '-error_file', 'errors.log'],
      ...['-trace_stat', '-fd', '1', '-stf', 'counts.csv'],
      ...(options.more ?? []),
    ],
    { cwd: folder, env: { ...process.env, TERM: 'dumb' }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const sipp = new Sipp(child, folder, options.scenario)
  const isReliable = transport.startsWith('t')
  // A caller over TCP has no socket of that port, and who is called waits in vain for nothing else.
  if (options.target === undefined) {
    await until(() => sipp.isOver || isOpen(port, isReliable), 5000, `port ${port} of SIPp`)
    if (sipp.isOver) await sipp.succeeded() // its port was taken, and it says so
  }
  return sipp
}

/** Runs SIPp to its end; rejects when a call failed. */
export async function runSipp(options: SippOptions): Promise<void> {
  await (await startSipp(options)).succeeded()
}

export class Sipp {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #scenario: string
  readonly #ended: Promise<void>
  #stderr = ''

  constructor(child: ChildProcess, folder: string, scenario: string) {
    this.#child = child
    this.#folder = folder
    this.#scenario = scenario
    child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.#ended = once(child, 'close').then(() => {})
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Waits for the end; rejects with what SIPp wrote when a call failed or did not come. */
  async succeeded(): Promise<void> {
    await this.#ended
    const { exitCode, signalCode } = this.#child
    if (exitCode === 0) {
      await rm(this.#folder, { recursive: true, force: true })
      return
    }
    throw new Error(
      `SIPp's ${this.#scenario} ended with ${exitCode ?? signalCode}, its files are in ${this.#folder}\n${this.#errors()}`,
    )
  }

  /** Waits for the end, whatever it is, and gives how many calls went well. */
  async counts(): Promise<SippCounts> {
    await this.#ended
    const [names, ...rows] = readFileSync(join(this.#folder, 'counts.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(';'))
    const column = (name: string): number => Number(rows.at(-1)?.[names!.indexOf(name)] ?? 0)
    return { successful: column('SuccessfulCall(C)'), failed: column('FailedCall(C)') }
  }

  /** Ends it if it still runs. */
  async stop(): Promise<void> {
    if (!this.isOver) this.#child.kill('SIGKILL')
    await this.#ended
  }

  #errors(): string {
    const files = readdirSync(this.#folder).filter((name) => name.startsWith('errors'))
    return [this.#stderr, ...files.map((name) => readFileSync(join(this.#folder, name), 'utf8'))]
      .join('\n')
      .slice(0, 4000)
  }
}

function readScenario(name: string, fill: Readonly<Record<string, string>>): string {
  return readFileSync(join(scenarios, `${name}.xml`), 'utf8').replace(/%([A-Z_]+)%/g, (_, word: string) => {
    const text = fill[word]
    if (text === undefined) throw new Error(`the scenario ${name} wants ${word}, and the test does not say what it is`)
    return text
  })
}

/** Whether a socket of this machine has the port: its local address is the second field, in hexadecimal (proc(5)). */
function isOpen(port: number, isReliable: boolean): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return (isReliable ? ['tcp', 'tcp6'] : ['udp', 'udp6'])
    .flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n'))
    .some((line) => line.trim().split(/\s+/)[1]?.endsWith(wanted))
}
