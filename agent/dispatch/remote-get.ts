/** A GET where parts of the answer come from elsewhere (RFC 3416 §4.2.1): names of one backend travel together. */
import { groupBy } from '../../lib/mib/group.ts'
import type { Registry, RemoteRegion } from '../../lib/mib/registry.ts'
import type { RemoteBackend } from '../../lib/mib/remote.ts'
import { Walk } from '../../lib/mib/walk.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'
import type { ReadFailure, ReadRules } from './read-rules.ts'
import { Attempts, earliest, type RemoteAnswer } from './remote-answer.ts'
import { encodeInstance, encodeVarbind } from './varbinds.ts'

/** One name of the request, and the region that has it now. */
interface Question {
  readonly region: RemoteRegion
  readonly name: Oid
  /** From 0. */
  readonly index: number
}

export class RemoteGet {
  readonly #names: readonly Oid[]
  readonly #rules: ReadRules
  readonly #walk: Walk
  readonly #answers: Uint8Array[]
  readonly #failures: ReadFailure[] = []
  readonly #attempts = new Attempts()

  /** `answered` are the varbinds of the first names, which were had already. */
  constructor(registry: Registry, names: readonly Oid[], rules: ReadRules, answered: readonly Uint8Array[] = []) {
    this.#names = names
    this.#rules = rules
    this.#walk = new Walk(registry, rules)
    this.#answers = [...answered]
  }

  /** Once round, and again for the names whose backend ended before it answered. */
  async finish(): Promise<RemoteAnswer> {
    const first = this.#answers.length
    let open = this.#names.slice(first).map((name, i) => ({ name, index: first + i }))
    while (open.length > 0) {
      const questions = open
        .map(({ name, index }) => this.#answerHere(name, index))
        .filter((question) => question !== undefined)
      const groups = groupBy(questions, ({ region }) => region.backend)
      open = (await Promise.all([...groups].map(([backend, group]) => this.#ask(backend, group)))).flat()
    }
    return earliest(this.#failures) ?? this.#answers
  }

  /** Answers what is served here or nowhere; otherwise says whom to ask. */
  #answerHere(name: Oid, index: number): Question | undefined {
    const found = this.#walk.find(name, 0, name.length)
    if (typeof found === 'string') this.#answer(name, index, { type: found })
    else if (found.remote === undefined) this.#answers[index] = encodeInstance(found, this.#walk.position)
    else if (this.#rules.view.includes(name)) return { region: found.remote, name, index }
    else this.#answer(name, index, { type: 'noSuchObject' })
    return undefined
  }

  /** Gives the questions that are to be asked again, of another backend. */
  async #ask(backend: RemoteBackend, questions: readonly Question[]): Promise<readonly Question[]> {
    const timeoutMs = this.#attempts.waitFor(Math.max(...questions.map(({ region }) => region.timeoutMs)))
    try {
      if (!this.#attempts.mayAsk(backend)) throw new Error('the request took too long')
      const names = questions.map(({ name }) => name)
      const varbinds = await backend.get(names, timeoutMs)
      for (const [i, { name, index }] of questions.entries()) this.#answer(name, index, answerFor(varbinds[i], name))
    } catch (error) {
      if (this.#attempts.isGone(backend, error)) return questions
      const position = Math.min(...questions.map(({ index }) => index)) + 1
      this.#failures.push({ status: 'genErr', position })
    }
    return []
  }

  /** SNMPv1 has neither exceptions nor Counter64 (RFC 3584 §4.2.2). */
  #answer(name: Oid, index: number, value: SnmpValue): void {
    const isException = value.type === 'noSuchObject' || value.type === 'noSuchInstance'
    if (this.#rules.isV1 && (isException || value.type === 'Counter64'))
      this.#failures.push({ status: 'noSuchName', position: index + 1 })
    else this.#answers[index] = encodeVarbind(name, value)
  }
}

/** What the backend said of this name. Throws for what is no answer to the question. */
function answerFor(varbind: Varbind | undefined, name: Oid): SnmpValue {
  if (!varbind || compareOid(varbind.name, name) !== 0) throw new Error('an answer that was not asked for')
  const { type } = varbind.value
  if (type === 'Null' || type === 'endOfMibView') throw new Error(`${type} as the answer to a GET`)
  return varbind.value
}
