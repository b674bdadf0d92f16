/** How programs are started that are no part of us, and may live longer: by ourselves, or by systemd in a unit of their own. */
import type { Program } from './program.ts'
import { type StartOptions, startProgram } from './start.ts'

export interface Launcher {
  /**
   * At once, or as soon as the program has a PID. Never throws or rejects: what cannot be started has no `pid`, and
   * `exited` says why.
   */
  start(options: StartOptions): Program | Promise<Program>
}

/** Programs are children, with the limits that this process has. */
export const ownLauncher: Launcher = { start: startProgram }
