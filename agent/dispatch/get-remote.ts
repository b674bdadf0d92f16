/** A GET where parts of the answer come from elsewhere (RFC 3416 §4.2.1): names of one backend travel together. */
import { groupBy } from '../../lib/mib/group.ts'
import type { Registry, RemoteRegion } from '../../lib/mib/registry.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import type { ReadFailure, ReadRules } from './read.ts'
import { Attempts, earliest, encode, type RemoteAnswer, type RemoteRequest, writeLocal } from './remote-answer.ts'

/** One name of the request, and the region that has it now. */
interface Question {
  readonly region: RemoteRegion
  readonly index: number
}

export function getRemote(registry: Registry, { names }: RemoteRequest, rules: ReadRules): Promise<RemoteAnswer> {
  return new RemoteGet(registry, names, rules).run()
}

class RemoteGet {
  readonly #registry: Registry
  readonly #names: readonly Oid[]
  readonly #rules: ReadRules
  readonly #answers: Uint8Array[]
  readonly #failures: ReadFailure[] = []
  readonly #attempts = new Attempts()

  constructor(registry: Registry, names: readonly Oid[], rules: ReadRules) {
    this.#registry = registry
    this.#names = names
    this.#rules = rules
    this.#answers = new Array<Uint8Array>(names.length)
  }

  /** Once round, and again for the names whose backend ended before it answered. */
  async run(): Promise<RemoteAnswer> {
    let open = [...this.#names.keys()]
    while (open.length > 0) {
      const questions = open.map((index) => this.#answerHere(index)).filter((question) => question !== undefined)
      const groups = [...groupBy(questions, ({ region }) => region.backend).values()]
      open = (await Promise.all(groups.map((group) => this.#ask(group)))).flat()
    }
    return earliest(this.#failures) ?? this.#answers
  }

  /** Answers what is served here or nowhere; otherwise says whom to ask. */
  #answerHere(index: number): Question | undefined {
    const rules = this.#rules
    const name = this.#names[index]!
    const located = this.#registry.locate(name, 0, name.length)
    const owner = located < 0 ? undefined : this.#registry.objects[located]
    if (!owner) return this.#answer(index, { type: 'noSuchObject' })
    if (owner.remote) {
      if (rules.view.includes(name)) return { region: owner.remote, index }
      return this.#answer(index, { type: 'noSuchObject' })
    }
    const position = owner.find(name, owner.oid.length, name.length - owner.oid.length)
    const isVisible = position >= 0 && !(rules.isV1 && owner.base === 'Counter64') && rules.view.includes(name)
    if (isVisible) {
      this.#answers[index] = writeLocal(owner, position)
      return undefined
    }
    const isMissing = position < 0 && rules.view.decide(owner) !== 'out'
    return this.#answer(index, { type: isMissing ? 'noSuchInstance' : 'noSuchObject' })
  }

  /** Gives the indexes of the names that are to be asked again, of another backend. */
  async #ask(questions: readonly Question[]): Promise<number[]> {
    const { backend } = questions[0]!.region
    const timeoutMs = this.#attempts.waitFor(Math.max(...questions.map(({ region }) => region.timeoutMs)))
    try {
      if (!this.#attempts.mayAsk(backend)) throw new Error('the request took too long')
      const varbinds = await backend.get(
        questions.map(({ index }) => this.#names[index]!),
        timeoutMs,
      )
      for (const [i, { index }] of questions.entries()) {
        const varbind = varbinds[i]
        if (!varbind || compareOid(varbind.name, this.#names[index]!) !== 0)
          throw new Error('an answer that was not asked for')
        const { type } = varbind.value
        if (type === 'Null' || type === 'endOfMibView') throw new Error(`${type} as the answer to a GET`)
        this.#answer(index, varbind.value)
      }
    } catch (error) {
      if (this.#attempts.isGone(backend, error)) return questions.map(({ index }) => index)
      this.#failures.push({ status: 'genErr', position: questions[0]!.index + 1 })
    }
    return []
  }

  /** SNMPv1 has neither exceptions nor Counter64 (RFC 3584 §4.2.2). */
  #answer(index: number, value: SnmpValue): undefined {
    const isException = value.type === 'noSuchObject' || value.type === 'noSuchInstance'
    if (this.#rules.isV1 && (isException || value.type === 'Counter64'))
      this.#failures.push({ status: 'noSuchName', position: index + 1 })
    else this.#answers[index] = encode(this.#names[index]!, value)
  }
}
