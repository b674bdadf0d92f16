/** What tests of rotation share: a folder of their own, rotators on it, and processes that write a log. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { readPidFile, writePidFile } from '../../lib/files/pid-file.ts'
import { silentLog } from '../../lib/log/log.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { LogOwner, RotationPolicy } from '../../subagents/log/rotation/policy.ts'
import { Rotator, type RotatorOptions } from '../../subagents/log/rotation/rotator.ts'

export class Ground {
  readonly folder = mkdtempSync(join(tmpdir(), 'castellan-rotation-'))
  /** The clock's timers alone do not keep a process. */
  readonly #keepAlive = setInterval(() => {}, 1 << 30)
  readonly #rotators: Rotator[] = []
  readonly #children: ChildProcess[] = []

  path(name: string): string {
    return join(this.folder, name)
  }

  policy(name: string, more: Partial<RotationPolicy> = {}): RotationPolicy {
    return { name, path: this.path(name), keep: {}, compress: true, owner: { kind: 'nobody' }, ...more }
  }

  /** It is stopped with the ground. */
  rotator(policies: readonly RotationPolicy[], more: Partial<RotatorOptions> = {}): Rotator {
    const rotator = new Rotator({ clock: systemClock, log: silentLog, policies, floorOctets: 0, retryMs: 50, ...more })
    this.#rotators.push(rotator)
    return rotator
  }

  /** The files of a log, sorted by name. */
  files(log: string): string[] {
    return readdirSync(this.folder)
      .filter((name) => name.startsWith(log))
      .sort()
  }

  /** What is in all files of a log together, from the oldest; the live one last. */
  text(log: string): string {
    return this.files(log)
      .sort(
        (a, b) =>
          Number(a === log) - Number(b === log) || withoutGz(a).localeCompare(withoutGz(b), 'en', { numeric: true }),
      )
      .map((name) => readFileSync(this.path(name)))
      .map((octets) => (octets[0] === 0x1f ? gunzipSync(octets) : octets).toString())
      .join('')
  }

  /** A process that writes numbered lines to a log; `onSignal` is JavaScript, or nothing for no handler. */
  async writer(log: string, onSignal: string | undefined): Promise<{ child: ChildProcess; owner: LogOwner }> {
    const program = `
      const { closeSync, openSync, writeSync } = require('node:fs')
      const open = () => openSync(${JSON.stringify(this.path(log))}, 'a')
      let fd = open(), count = 0
      const reopen = () => { const before = fd; fd = open(); closeSync(before) }
      ${onSignal === undefined ? '' : `process.on('SIGUSR2', () => { ${onSignal} })`}
      process.on('SIGTERM', () => { console.log(count); process.exit() })
      setInterval(() => writeSync(fd, 'line ' + ++count + '\\n'), 1)
      console.log('ready')`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.push(child)
    await once(child.stdout!, 'data')
    const pidFile = this.path(`pid-of-${log}`)
    await writePidFile(pidFile, readProcess(child.pid!)!)
    return { child, owner: { kind: 'daemon', name: 'writer', find: () => readPidFile(pidFile), signal: 'SIGUSR2' } }
  }

  async leave(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const rotator of this.#rotators) await rotator.stop()
    clearInterval(this.#keepAlive)
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** `.gz` would come before or after `.1` as its letters happen to sort. */
function withoutGz(name: string): string {
  return name.replace(/\.gz$/, '')
}
