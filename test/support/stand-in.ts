/** Processes that are called as a daemon of a home is, or as nothing of ours, and tell which signals reach them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProcessStat, readProcess } from '../../lib/proc/process.ts'

const script = `
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => console.log(signal))
setInterval(() => {}, 1000)
console.log('ready')`

export interface StandInOptions {
  /** The folder of its main.js, by which our daemons are known. */
  readonly called: string
  readonly home: string
  /** User and group; those of this process where it is left out. */
  readonly uid?: number
}

export class StandIn {
  readonly #folder: string
  readonly #child: ChildProcess
  #said = ''

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder
    this.#child = child
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
    })
  }

  /** Resolves when it runs and has its handlers. */
  static async start({ called, home, uid }: StandInOptions): Promise<StandIn> {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-stand-in-'))
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, called), { mode: 0o755 })
    const main = join(folder, called, 'main.js')
    writeFileSync(main, script)
    const user = uid === undefined ? {} : { uid, gid: uid }
    const child = spawn(process.execPath, [main, '--home', home], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
      ...user,
    })
    const standIn = new StandIn(folder, child)
    await once(child.stdout!, 'data')
    return standIn
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Throws when it has ended. */
  get process(): ProcessStat {
    return readProcess(this.pid)!
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The signals that have reached it, in their order. */
  get signals(): string[] {
    return this.#said.trim().split('\n').slice(1)
  }

  /** Resolves when this signal has reached it. */
  async received(signal: NodeJS.Signals): Promise<void> {
    while (!this.signals.includes(signal)) await once(this.#child.stdout!, 'data')
  }

  /** Resolves when all that was sent before has reached it. */
  async settled(): Promise<void> {
    process.kill(this.pid, 'SIGUSR1')
    await this.received('SIGUSR1')
  }

  async end(): Promise<void> {
    if (this.isRunning) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
