/** Runs of scripts for tests: with real processes, and looks at what is left of them. */
import { setTimeout as pause } from 'node:timers/promises'
import { resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { type Leader, sessionMembers } from '../../lib/proc/session.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { languages, type Program, scriptEnvironment } from '../../subagents/script/program.ts'
import { ScriptRun } from '../../subagents/script/run.ts'
import { until } from './appliance.ts'

export interface Started {
  readonly run: ScriptRun
  readonly said: readonly string[]
  /** Of the session that it leads; throws when it never had a process. */
  leader(): Leader
  /** systemd takes a moment to start it. */
  begun(): Promise<void>
  over(withinMs?: number): Promise<void>
}

export interface RunOptions extends Partial<Program> {
  readonly command: string
  readonly argument?: string | Uint8Array
  readonly lifeTimeTicks?: number
  readonly launcher: Launcher
}

/** A command of /bin/sh unless the options say otherwise. */
export function startRun({ argument = '', lifeTimeTicks = 3000, launcher, ...options }: RunOptions): Started {
  let leader: Leader | undefined
  const said: string[] = []
  const program: Program = {
    name: 'unit',
    language: languages.shell,
    niceness: 0,
    maxOutputOctets: 1_000_000,
    maxProcesses: 50,
    ...options,
  }
  const run = new ScriptRun(
    { program, argument: Buffer.from(argument), lifeTimeTicks },
    {
      clock: systemClock,
      log: silentLog,
      environment: scriptEnvironment(resolveHome('/nowhere')),
      launcher,
      events: {
        changed: () => {},
        reported: (reporting, kind) => said.push(kind === 'result' ? resultOf(reporting) : reporting.error),
        began: (_, its) => (leader = its),
        ended: () => {},
      },
    },
  )
  run.start()
  return {
    run,
    said,
    leader() {
      if (!leader) throw new Error(`it never began: ${run.error}`)
      return leader
    },
    begun: () => until(() => run.state !== 'initializing', 5000, `the start of ${options.command}`),
    over: (withinMs = 5000) => until(() => run.isOver, withinMs, `the end of ${options.command}`),
  }
}

export function resultOf({ result }: { readonly result: Uint8Array }): string {
  return Buffer.from(result).toString('utf8')
}

/** Resolves when so many processes of the run live. */
export async function hasMembers(started: Started, count: number): Promise<void> {
  while (sessionMembers(started.leader()).length < count) {
    if (started.run.isOver) throw new Error(`it is over: ${started.run.error}`)
    await pause(10)
  }
}
