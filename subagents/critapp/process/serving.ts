/** From running to serving: the health of a row's process is watched for as long as it lives. */

import { quoted } from '../health/health.ts'
import { type Finding, HealthMonitor } from '../health/monitor.ts'
import type { Context } from './context.ts'
import type { SupervisedProcess } from './process.ts'
import type { Row } from './row.ts'

export interface ServingRow extends Pick<Row, 'shown' | 'handle'> {
  /** What was found out; with a sentence it is a failure. */
  showHealth(health: SupervisedProcess['health'], sentence: string, said?: string): void
}

export class Serving {
  readonly #context: Context
  readonly #row: ServingRow
  #monitor: HealthMonitor | undefined

  constructor(context: Context, row: ServingRow) {
    this.#context = context
    this.#row = row
  }

  /** The process runs; it is up when it serves, where that is checked. The sentence is that on its start. */
  watch(sentence: string): void {
    const { isUp, spec } = this.#row.shown
    this.stop()
    if (spec.health.kind !== 'none') this.#monitor = this.#check(isUp, sentence)
    else if (!isUp) this.#row.handle('serves', sentence)
  }

  stop(): void {
    this.#monitor?.stop()
    this.#monitor = undefined
  }

  #check(hasServed: boolean, sentence: string): HealthMonitor {
    const { clock, check } = this.#context
    const { health: spec } = this.#row.shown.spec
    return new HealthMonitor({ clock, check, spec, hasServed, report: (finding) => this.#take(finding, sentence) })
  }

  #take(finding: Finding, sentence: string): void {
    const { log, uncheckedPace } = this.#context
    const { isUp, spec } = this.#row.shown
    const { name } = spec
    switch (finding.kind) {
      case 'serves':
        this.#row.showHealth('healthy', '')
        if (!isUp) this.#row.handle('serves', sentence)
        return
      case 'fails': {
        const { times } = finding
        const { reason, said } = finding.failure
        log.warn('a health check failed', { name, times, reason: `${reason}${quoted(said)}` })
        const failed = `${name}: health check failed (${times} of ${spec.health.failures}): ${reason}`
        this.#row.showHealth('failing', failed, said)
        return
      }
      case 'cannotTell': {
        const held = uncheckedPace.take()
        const { reason } = finding
        if (held !== undefined) log.warn('a health check could not be made', { name, reason, more: held || undefined })
        return
      }
      case 'unhealthy':
        this.#row.handle('unhealthy', finding.failure)
    }
  }
}
