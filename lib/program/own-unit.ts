/** Whether this process is the main process of a unit of systemd, whose limits what it starts would inherit. */
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../time/clock.ts'
import { type Launcher, ownLauncher } from './launcher.ts'
import type { Program } from './program.ts'
import type { Argv, StartOptions } from './start.ts'
import { UnitLauncher, whyNoUnits } from './unit-launcher.ts'

/** The systemd-run(1) of the manager that runs us; undefined where none does, or it would refuse us. */
export function systemdRunOf(
  ours: NodeJS.ProcessEnv,
  { pid, uid }: { readonly pid: number; readonly uid: number | undefined },
): Argv | undefined {
  const { INVOCATION_ID, SYSTEMD_EXEC_PID, NOTIFY_SOCKET, MANAGERPID } = ours
  if (INVOCATION_ID === undefined) return undefined
  // Children of a unit have its environment too. systemd before 248 names no PID, and our units want to be notified.
  const isMain = SYSTEMD_EXEC_PID === undefined ? NOTIFY_SOCKET !== undefined : Number(SYSTEMD_EXEC_PID) === pid
  if (!isMain) return undefined
  if (MANAGERPID !== undefined) return ['systemd-run', '--user']
  return uid === 0 ? ['systemd-run'] : undefined
}

/** Starts programs as children, and in transient units once it has begun where this process runs in a unit. */
export class ProgramLauncher implements Launcher {
  #launcher: Launcher = ownLauncher

  /** `run` is the run folder of this daemon. Never rejects: where systemd does not help, programs are children. */
  async begin({ run, clock, log }: { run: string; clock: Clock; log: Log }): Promise<void> {
    const systemdRun = systemdRunOf(process.env, { pid: process.pid, uid: process.geteuid?.() })
    if (!systemdRun) return
    try {
      const refusal = await whyNoUnits(systemdRun)
      if (refusal !== undefined) throw new Error(refusal)
      this.#launcher = new UnitLauncher({ systemdRun, folder: join(run, 'launches'), clock, log })
    } catch (error) {
      log.warn('programs are started with the limits of this unit; is the package dbus installed?', {
        error: messageOf(error),
      })
    }
  }

  start(options: StartOptions): Program | Promise<Program> {
    return this.#launcher.start(options)
  }
}
