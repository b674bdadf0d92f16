/** Net-SNMP's own tools, run as a user runs them, with numeric names so that no MIB file is needed. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ToolResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs snmpget, snmpwalk and so on; never throws for an exit code. */
export function netsnmp(tool: string, args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve) => {
    execFile(
      tool,
      ['-On', '-t', '5', '-r', '1', ...args],
      { env: { ...process.env, MIBS: '' }, maxBuffer: 1 << 24 },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err })
      },
    )
  })
}

/** A real snmptrapd that prints what it receives. */
export class TrapDaemon {
  readonly #child: ChildProcess
  #text = ''
  #wake: () => void = () => {}

  /** `users` are createUser lines, for traps of version 3; of informs the daemon's own engineID is the one that counts. */
  constructor(port: number, users: readonly string[] = [], engineId?: string) {
    const folder = mkdtempSync(join(tmpdir(), 'trapd-'))
    const config = join(folder, 'snmptrapd.conf')
    const lines = users.map((line) => `createUser ${line}\n`)
    if (engineId !== undefined) lines.unshift(`exactEngineID 0x${engineId}\n`)
    writeFileSync(config, lines.join(''))
    this.#child = spawn(
      'snmptrapd',
      ['-f', '-Lo', '-On', '-n', '-C', '-c', config, '--disableAuthorization=yes', `udp:127.0.0.1:${port}`],
      { env: { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: folder }, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString()
      this.#wake()
    })
  }

  async started(): Promise<void> {
    await this.saw(/NET-SNMP version/)
  }

  /** Resolves with all that was printed once it matches; rejects after `withinMs`. */
  async saw(pattern: RegExp, withinMs = 5000): Promise<string> {
    const deadline = performance.now() + withinMs
    while (!pattern.test(this.#text)) {
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`snmptrapd did not print ${pattern} within ${withinMs} ms, but:\n${this.#text}`)
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, left)
      })
      clearTimeout(timer)
    }
    return this.#text
  }

  forget(): void {
    this.#text = ''
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
  }
}
