/** The audit log: one line of JSON for every SET that was tried: who, from where, what, old and new, and what came of it. */

import { RateLimit } from '../lib/bounds/rate-limit.ts'
import { AuditFile, type AuditFileOptions } from '../lib/log/audit-file.ts'
import type { Names } from '../lib/mib/names.ts'
import { hostAndPort } from '../lib/net/address.ts'
import { formatOid } from '../lib/smi/oid.ts'
import type { Clock, Timer } from '../lib/time/clock.ts'
import type { SetRecord } from './set-record.ts'

export interface AuditOptions extends AuditFileOptions {
  readonly names: Names
}

/** Who may set nothing must not fill the log, nor push what was set out of it: so many refusals at once, and so many a second. */
const refusals = { burst: 100, perSecond: 10 }
const saidWithinMs = 60_000

export class AuditLog {
  readonly #names: Names
  readonly #clock: Clock
  readonly #file: AuditFile
  readonly #refusals: RateLimit
  /** Since the last line. */
  #leftOut = 0
  #sayingSo: Timer | undefined

  constructor({ names, ...options }: AuditOptions) {
    this.#names = names
    this.#clock = options.clock
    this.#file = new AuditFile(options)
    this.#refusals = new RateLimit(options.clock, refusals.burst, refusals.perSecond)
  }

  /** SETs that were done are all there; of those that were refused the first, and how many more. */
  write(record: SetRecord): void {
    if (record.status !== 'noError' && this.#refusals.take() === undefined) {
      this.#leftOut++
      this.#sayingSo ??= this.#clock.after(saidWithinMs, () => this.flush())
      return
    }
    this.flush()
    const { requester, remote, varbinds, before, status, reason } = record
    this.#file.write({
      securityName: requester.securityName,
      securityModel: requester.securityModel,
      securityLevel: requester.securityLevel,
      from: remote ? hostAndPort(remote.address, remote.port) : 'this agent',
      status,
      reason,
      varbinds: varbinds.map(({ name, value }, i) => this.#describe(name, value, before[i])),
    })
  }

  /** An order over the agent's control socket. */
  order<T>(socket: string, words: readonly string[], act: () => Promise<T>): Promise<T> {
    return this.#file.order(socket, words, act)
  }

  /** Says how many refusals were left out, if any were. */
  flush(): void {
    this.#sayingSo?.cancel()
    this.#sayingSo = undefined
    if (this.#leftOut === 0) return
    this.#file.write({ refusalsLeftOut: this.#leftOut })
    this.#leftOut = 0
  }

  #describe(
    name: SetRecord['varbinds'][number]['name'],
    value: SetRecord['varbinds'][number]['value'],
    old: SetRecord['before'][number],
  ) {
    const names = this.#names
    const isSecret = names.objectOf(name)?.secret ?? false
    return {
      name: names.format(name),
      oid: formatOid(name),
      old: old === undefined ? null : isSecret ? '***' : names.formatValue(name, old),
      new: isSecret ? '***' : names.formatValue(name, value),
    }
  }
}
