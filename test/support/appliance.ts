/** An appliance of a test's own: a home in a temporary folder, all ports shifted to where nobody listens. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OwnDaemon } from '../../commands/lifecycle/host.ts'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { type Home, initializeHome, pidFileOf, resolveHome } from '../../lib/home/home.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { isFreeTcp, isFreeUdp } from './sip-ports.ts'

const basePorts = [1161, 1162, 1163, 5060] as const

export interface TestHome {
  readonly home: Home
  readonly snmp: string
  readonly snmpPort: number
  readonly trapPort: number
  readonly sipPort: number
}

export async function makeHome(): Promise<TestHome> {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-')))
  const offset = await freeOffset()
  await initializeHome(home, offset)
  const snmpPort = 1161 + offset
  return { home, snmpPort, snmp: `127.0.0.1:${snmpPort}`, trapPort: 1162 + offset, sipPort: 5060 + offset }
}

/** Lets the view `read` of a home show columns that it is kept from, as an operator may decide. */
export function showGuarded({ home }: Pick<TestHome, 'home'>, ...columns: readonly string[]): void {
  const lines = columns.map((name) => `vacmViewTreeFamilyEntry read ${name} - included nonVolatile\n`)
  appendFileSync(join(home.conf, 'agent', 'snmpd.cnf'), lines.join(''))
}

export interface RunResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

export const passphrase = { auth: 'authentication phrase', priv: 'privacy phrase' }

/** Runs a launcher of bin/, with the passphrases in its environment; never throws for an exit code. */
export function runBin(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const phrases = { CASTELLAN_AUTH_PASSPHRASE: passphrase.auth, CASTELLAN_PRIV_PASSPHRASE: passphrase.priv }
  return new Promise((resolve) => {
    execFile(
      join(programRoot, 'bin', program),
      args,
      { env: { ...process.env, ...phrases, ...env }, timeout: 60_000 },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err })
      },
    )
  })
}

export class Appliance {
  readonly at: TestHome
  readonly #daemons = new Map<OwnDaemon, ChildProcess>()
  output = ''

  constructor(at: TestHome) {
    this.at = at
  }

  get agentPid(): number {
    return this.#daemons.get('agent')!.pid!
  }

  get subagentsPid(): number {
    return this.#daemons.get('subagents')!.pid!
  }

  /** Starts agent and subagents; resolves when they serve, to the exit code of the one that does not. */
  async start(): Promise<number | undefined> {
    const code = await this.startDaemon('agent')
    return code !== undefined || this.#isRunning('subagents') ? code : this.startDaemon('subagents')
  }

  /** Starts one of the daemons; resolves when it serves, to its exit code when it does not. */
  async startDaemon(name: OwnDaemon): Promise<number | undefined> {
    const { program, args } = daemonCommand(name, this.at.home)
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#daemons.set(name, child)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    const pidFile = pidFileOf(this.at.home, name)
    await until(() => child.exitCode !== null || readPidFile(pidFile)?.pid === child.pid, 10_000)
    return child.exitCode ?? undefined
  }

  async stopAgent(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stopDaemon('agent', signal)
  }

  async stopDaemon(name: OwnDaemon, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.#isRunning(name)) return
    const child = this.#daemons.get(name)!
    child.kill(signal)
    await once(child, 'exit')
  }

  #isRunning(name: OwnDaemon): boolean {
    const child = this.#daemons.get(name)
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  sipdPid(): number | undefined {
    return readPidFile(pidFileOf(this.at.home, 'sipd'))?.pid
  }

  /** Everything the test started ends, and its folder goes. */
  async stop(): Promise<void> {
    await this.stopDaemon('console')
    await this.stopDaemon('subagents')
    await this.stopAgent()
    const pid = this.sipdPid()
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    await rm(this.at.home.root, { recursive: true, force: true })
  }

  /** Runs `castellan` for this home, as a user does. */
  castellan(...args: string[]): Promise<RunResult> {
    return runBin('castellan', [...args, '--home', this.at.home.root])
  }

  log(name: string): string {
    return readFileSync(logPath(this.at.home, name), 'utf8')
  }
}

/** Where a process of the appliance keeps the log of this name; others are in the parent of their folders. */
export function logPath(home: Home, name: string): string {
  const domain = /^(agent|audit|subagents)\./.test(name)
    ? name.startsWith('subagents')
      ? 'subagents'
      : 'agent'
    : /^(error|access|stats|sharedmem_stats|both)_log/.test(name) || name.startsWith('sipd.')
      ? 'sipd'
      : ''
  return join(home.logs, domain, name)
}

/** Gives the community `everything` of SNMPv2c all rights, from the next start or reload on. */
export function letWriteEverything({ conf }: Pick<Home, 'conf'>): void {
  appendFileSync(
    join(conf, 'agent', 'snmpd.cnf'),
    [
      'snmpCommunityEntry t0000009 everything everythingSec localSnmpID - - nonVolatile',
      'vacmSecurityToGroupEntry snmpv2c everythingSec everythingGroup nonVolatile',
      'vacmAccessEntry everythingGroup - any noAuthNoPriv exact admin admin - nonVolatile',
      '',
    ].join('\n'),
  )
}

/** Looks again and again until it holds; throws when it does not within the time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  what = 'what is waited for',
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A shift of all ports of a home to where nobody listens. */
export async function freeOffset(): Promise<number> {
  for (;;) {
    // Below the ports that the kernel gives to clients, and beyond those that daemons have.
    const offset = 2000 + Math.floor(Math.random() * 22_000)
    const isFree = await Promise.all([
      ...basePorts.map((port) => isFreeUdp(port + offset)),
      isFreeTcp(5060 + offset, '127.0.0.1'),
    ])
    if (isFree.every(Boolean)) return offset
  }
}
