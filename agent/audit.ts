/** The audit log: one line of JSON for every SET that was tried: who, from where, what, old and new, and what came of it. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Names } from '../lib/mib/names.ts'
import { hostAndPort } from '../lib/net/address.ts'
import { RotatingFile } from '../lib/rotating-file.ts'
import { formatOid } from '../lib/smi/oid.ts'
import type { SetRecord } from './engine.ts'

export interface AuditOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  readonly names: Names
}

const maxOctets = 10 * 1024 * 1024
const filesKept = 10

export class AuditLog {
  readonly #options: AuditOptions
  readonly #file: RotatingFile

  constructor(options: AuditOptions) {
    this.#options = options
    this.#file = new RotatingFile({ path: options.path, maxOctets, filesKept })
  }

  write({ requester, remote, varbinds, before, status }: SetRecord): void {
    const { clock, names, log } = this.#options
    const line = JSON.stringify({
      time: new Date(clock.now()).toISOString(),
      securityName: requester.securityName,
      securityModel: requester.securityModel,
      securityLevel: requester.securityLevel,
      from: remote ? hostAndPort(remote.address, remote.port) : 'this agent',
      status,
      varbinds: varbinds.map(({ name, value }, i) => {
        const isSecret = names.objectOf(name)?.secret ?? false
        const old = before[i]
        return {
          name: names.format(name),
          oid: formatOid(name),
          old: old === undefined ? null : isSecret ? '***' : names.formatValue(name, old),
          new: isSecret ? '***' : names.formatValue(name, value),
        }
      }),
    })
    try {
      this.#file.append(`${line}\n`)
    } catch (error) {
      log.error('the audit log cannot be written', { error })
    }
  }
}
