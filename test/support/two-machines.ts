/**
 * Two machines with a cable between them, for what appliances do with each other: each has a network, a host name and mounts of its
 * own, and the folders of this machine. Only root can make them so that root in them may become somebody else.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, passphrase, type RunResult, type TestHome } from './appliance.ts'

const isolate = ['-n', '-m', '-u']

/** Why there can be none here; undefined when there can. */
export function machinesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make namespaces in which root may become another user'
  const { error, status, stderr } = spawnSync('unshare', [
    ...isolate,
    'sh',
    '-c',
    'hostname x && ip link add x0 type veth peer name x1',
  ])
  if (error) return `unshare cannot be run: ${error.message}`
  return status === 0 ? undefined : `no namespace with links can be made here: ${stderr.toString().trim()}`
}

export class Machine {
  readonly name: string
  readonly address: string
  readonly at: TestHome
  readonly #holder: ChildProcess

  private constructor(name: string, address: string, at: TestHome, holder: ChildProcess) {
    this.name = name
    this.address = address
    this.at = at
    this.#holder = holder
  }

  /** With a home whose agent listens on all addresses, to users of SNMPv3 alone. */
  static async create(name: string, address: string): Promise<Machine> {
    const script = `set -e\nhostname ${name}\nip link set lo up\necho ready\nexec cat`
    const holder = spawn('unshare', [...isolate, 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
    if (holder.exitCode !== null) throw new Error(`machine ${name} could not be set up`)
    const at = await makeHome()
    const path = join(at.home.conf, 'agent', 'snmpd.cnf')
    const text = readFileSync(path, 'utf8')
    const listen = `snmpListenEntry 0.0.0.0:${at.snmpPort}`
    writeFileSync(path, text.replace(/^snmpListenEntry.*$/m, listen).replace(/^snmpCommunityEntry/gm, '# $&'))
    return new Machine(name, address, at, holder)
  }

  /** What a command prints that runs on it; never throws for an exit code. */
  run(...words: readonly string[]): Promise<RunResult> {
    const phrases = { CASTELLAN_AUTH_PASSPHRASE: passphrase.auth, CASTELLAN_PRIV_PASSPHRASE: passphrase.priv }
    const env = { ...process.env, ...phrases, CASTELLAN_RECOVERY_PASSPHRASE: 'a long passphrase' }
    return new Promise((resolve) => {
      execFile('nsenter', [...this.#enter, ...words], { env, timeout: 180_000 }, (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err })
      })
    })
  }

  castellan(...words: readonly string[]): Promise<RunResult> {
    return this.run(join(programRoot, 'bin', 'castellan'), ...words, '--home', this.at.home.root)
  }

  drs(...words: readonly string[]): Promise<RunResult> {
    const utils = join(programRoot, 'bin', 'utils')
    return this.run(utils, 'disaster_recovery', ...words, '--home', this.at.home.root)
  }

  /** Connects two machines. */
  static async connect(a: Machine, b: Machine): Promise<void> {
    const commands: readonly (readonly [Machine, string])[] = [
      [a, `ip link add cable type veth peer name other && ip link set other netns ${b.#holder.pid}`],
      [b, 'ip link set other name cable'],
      ...[a, b].map((one) => [one, `ip addr add ${one.address}/24 dev cable && ip link set cable up`] as const),
    ]
    for (const [machine, script] of commands) {
      const { code, err } = await machine.run('sh', '-c', script)
      if (code !== 0) throw new Error(`${machine.name}: ${script}: ${err}`)
    }
  }

  /** Pulls its end of the cable, or puts it back. */
  async cable(state: 'up' | 'down'): Promise<void> {
    await this.run('ip', 'link', 'set', 'cable', state)
  }

  async stop(): Promise<void> {
    await this.castellan('stop')
    this.#holder.kill('SIGTERM')
    await rm(this.at.home.root, { recursive: true, force: true })
  }

  get #enter(): readonly string[] {
    return ['-t', `${this.#holder.pid}`, '-n', '-m', '-u', '--']
  }
}
