/** The agent as its own modules ask it: the dispatcher's paths of a manager's request, without message and security. */
import { BerReader } from '../lib/ber/reader.ts'
import { tag } from '../lib/ber/tags.ts'
import { isGuarded } from '../lib/mib/guarded.ts'
import type { LocalAgent, LocalAnswer, LocalFailure, LocalObject } from '../lib/mib/local-agent.ts'
import type { Names } from '../lib/mib/names.ts'
import { View } from '../lib/mib/view.ts'
import { unbounded, Walk } from '../lib/mib/walk.ts'
import type { ErrorStatus } from '../lib/smi/error-status.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { Principal } from '../lib/smi/principal.ts'
import type { SnmpValue, Varbind } from '../lib/smi/value.ts'
import type { AccessResult, Vacm, ViewType } from './access/vacm.ts'
import { RemoteGet } from './dispatch/remote-get.ts'
import { RemoteWalk } from './dispatch/remote-walk.ts'
import type { Engine } from './engine.ts'

type ReadType = 'get' | 'getNext'

export interface LocalAgentOptions {
  readonly engine: Engine
  /** The access rights in force. */
  readonly rights: Pick<Vacm, 'viewFor'>
  /** For sentences. */
  readonly names: Names
  readonly notify: LocalAgent['notify']
}

export class EngineLocalAgent implements LocalAgent {
  readonly #options: LocalAgentOptions

  constructor(options: LocalAgentOptions) {
    this.#options = options
  }

  get(names: readonly Oid[], as: Principal): Promise<LocalAnswer> {
    return this.#read('get', names, as)
  }

  getNext(names: readonly Oid[], as: Principal): Promise<LocalAnswer> {
    return this.#read('getNext', names, as)
  }

  getEach(names: readonly Oid[], as: Principal): readonly (LocalObject | Promise<LocalObject>)[] {
    const view = this.#viewFor(as, 'read')
    if (!(view instanceof View)) return names.map(() => noView(as, 'read', view))
    const walk = new Walk(this.#options.engine.registry, { view })
    return names.map((name) => {
      const found = walk.find(name, 0, name.length)
      if (typeof found === 'string') return { name, value: { type: found } }
      return found.remote ? this.#readOne('get', name, as) : { name, value: found.valueAt(walk.position) }
    })
  }

  getNextEach(names: readonly Oid[], as: Principal): readonly (LocalObject | Promise<LocalObject>)[] {
    const view = this.#viewFor(as, 'read')
    if (!(view instanceof View)) return names.map(() => noView(as, 'read', view))
    const walk = new Walk(this.#options.engine.registry, { view })
    return names.map((name) => {
      const next = walk.seek(name, 0, name.length, unbounded)
      if (typeof next === 'string') return { name, value: { type: 'endOfMibView' } }
      if (next.remote) return this.#readOne('getNext', name, as)
      return { name: next.nameOf(walk.position), value: next.valueAt(walk.position) }
    })
  }

  format(name: Oid): string {
    return this.#options.names.format(name)
  }

  formatValue(name: Oid, value: SnmpValue): string {
    const { names } = this.#options
    // It is for sentences and columns that more may see than may see the object.
    return isGuarded(names.objectOf(name) ?? {}) ? '***' : names.formatValue(name, value)
  }

  async set(varbinds: readonly Varbind[], as: Principal): Promise<LocalFailure | undefined> {
    const view = this.#viewFor(as, 'write')
    const numbered = varbinds.map(({ name, value }, i) => ({ name, value, position: i + 1 }))
    if (!(view instanceof View)) {
      const refusal = noView(as, 'write', view)
      this.#options.engine.refusedLocally(numbered, as, refusal.status, refusal.sentence)
      return refusal
    }
    const failure = await this.#options.engine.setLocally(numbered, view, as)
    return failure && this.#explain(failure, varbinds[failure.position - 1]?.name, as)
  }

  notify(...args: Parameters<LocalAgent['notify']>): void {
    this.#options.notify(...args)
  }

  async #readOne(type: ReadType, name: Oid, as: Principal): Promise<LocalObject> {
    const answer = await this.#read(type, [name], as)
    return 'status' in answer ? answer : (answer.varbinds[0] ?? { name, value: { type: 'noSuchObject' } })
  }

  async #read(type: ReadType, names: readonly Oid[], as: Principal): Promise<LocalAnswer> {
    const { registry, maxMessageSize: limit } = this.#options.engine
    const view = this.#viewFor(as, 'read')
    if (!(view instanceof View)) return noView(as, 'read', view)
    const rules = { view, isV1: false, limit }
    const read = type === 'get' ? new RemoteGet(registry, names, rules) : new RemoteWalk(registry, names, rules)
    try {
      const answer = await read.finish()
      if ('status' in answer) return this.#explain(answer, names[answer.position - 1], as)
      return { varbinds: answer.map(decodeVarbind) }
    } catch (error) {
      this.#options.engine.log.error('bug while reading', { requester: as.securityName, error })
      return this.#explain({ status: 'genErr', position: 1 }, names[0], as)
    }
  }

  #viewFor(as: Principal, type: ViewType): AccessResult {
    return this.#options.rights.viewFor(as, type)
  }

  #explain(
    failure: { readonly status: ErrorStatus; readonly position: number },
    name: Oid | undefined,
    as: Principal,
  ): LocalFailure {
    const object = name ? this.#options.names.format(name) : 'the request'
    const reasons: Partial<Record<ErrorStatus, string>> = {
      noAccess: `${as.securityName} may not write ${object}`,
      notWritable: `${object} is not there, or not to be written`,
      resourceUnavailable: `too much waits to be set, or ${object} has no room`,
    }
    return { ...failure, sentence: reasons[failure.status] ?? `${object} answered ${failure.status}` }
  }
}

/** RFC 3413 §3.2: no view at all is authorizationError; so is a context that is not there, which a manager is not told. */
function noView(
  { securityName, securityModel, securityLevel, contextName }: Principal,
  type: ViewType,
  result: Exclude<AccessResult, View>,
): LocalFailure {
  const who = `${securityName} (${securityModel}, ${securityLevel})`
  const sentence =
    result === 'noSuchContext'
      ? `there is no context ${contextName}`
      : `${who} has no ${type} view (${result}); vacmSecurityToGroupEntry and vacmAccessEntry in snmpd.cnf give one`
  return { status: 'authorizationError', position: 0, sentence }
}

function decodeVarbind(bytes: Uint8Array): Varbind {
  const reader = new BerReader().reset(bytes)
  reader.enter(tag.sequence)
  return { name: reader.oid(), value: reader.value() }
}
