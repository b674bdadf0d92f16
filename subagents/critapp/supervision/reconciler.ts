/** Wanted and actual state of a row, compared at its begin, when somebody sets it, and from time to time. */
import type { Context } from '../process/context.ts'
import type { Entry } from './entry.ts'

export class Reconciler {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  /** Nothing is known of it yet. */
  begin(entry: Entry): void {
    const { unit } = entry.shown.spec
    const begin = (): void => {
      if (entry.shown.state === 'unknown') this.#beginKnowing(entry)
    }
    if (unit === '') entry.whenVisible(begin)
    else void this.#context.units.refresh().then(() => entry.whenVisible(begin))
  }

  #beginKnowing(entry: Entry): void {
    const { findOnStartup, adminStatus, name } = entry.shown.spec
    if (findOnStartup && entry.adopt()) this.compare(entry)
    else if (adminStatus === 'up') entry.goUp()
    else {
      // We may have been killed in the middle of its stop; the PID file says that it is of this appliance.
      const isLeft = this.#context.host.readPidFile(name) !== undefined
      if (isLeft && entry.adopt()) this.compare(entry)
      else entry.handle('wantDown', undefined)
    }
  }

  /** Up starts what does not run, down stops what does. Setting up again also leaves `failed`. */
  setAdminStatus(entry: Entry, adminStatus: 'up' | 'down'): void {
    entry.want(adminStatus)
    this.#context.searcher.forget()
    entry.whenVisible(() => (adminStatus === 'up' ? entry.goUp() : entry.handle('wantDown', undefined)))
  }

  /** Stops it and starts it again, by somebody's order: it stays wanted up, and its end is no failure. */
  restart(entry: Entry): void {
    const { state } = entry.shown
    if (state === 'running' || state === 'adopted') {
      entry.forgetFailures()
      entry.handle('wantDown', undefined)
    } else this.setAdminStatus(entry, 'up')
  }

  /** Runs the graceful command of a process that is up. It may stop the process, and leave it to us to start it again. */
  graceful(entry: Entry): void {
    void entry.graceful.ask(() => {
      const { state, spec } = entry.shown
      if (!entry.hasLeft && state === 'stopped' && spec.adminStatus === 'up') this.setAdminStatus(entry, 'up')
    })
  }

  /** Nobody needs to see a change for it to count. Throws where nobody can tell what runs. */
  compare(entry: Entry): void {
    const { state, spec } = entry.shown
    if (entry.hasLeft || entry.graceful.isRunning) return
    const isDown = state === 'stopped' || state === 'failed'
    if (isDown && spec.findOnStartup && entry.adopt()) {
      // Somebody started it by hand.
      if (spec.adminStatus === 'down') this.#stopUnwanted(entry)
    } else if (spec.adminStatus === 'down') {
      if (!isDown && state !== 'stopping' && state !== 'unknown') this.#stopUnwanted(entry)
    } else if (isDown && spec.restartOnExit && !entry.isGivenUp) entry.startAgain()
  }

  #stopUnwanted(entry: Entry): void {
    const { name } = entry.shown.spec
    this.#context.log.notice('a process runs that is wanted down, and is stopped', { name })
    entry.handle('wantDown', undefined)
  }
}
