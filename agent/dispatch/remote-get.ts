/** A GET where parts of the answer come from elsewhere (RFC 3416 §4.2.1): names of one backend travel together. */
import type { Registry, RemoteRegion, RemoteSpan } from '../../lib/mib/registry.ts'
import type { RemoteBackend } from '../../lib/mib/remote.ts'
import { Walk } from '../../lib/mib/walk.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'
import type { ReadFailure, ReadRules } from './read-rules.ts'
import { Attempts, askEach, earliest, longestTimeoutMs, type RemoteAnswer } from './remote-answer.ts'
import { encodeInstance, encodeVarbind } from './varbinds.ts'

/** One name of the request, and the region that has it now. */
interface Question {
  readonly region: RemoteRegion
  readonly name: Oid
  /** From 0. */
  readonly index: number
}

const noQuestions: readonly Question[] = []

/** A GET that was begun elsewhere, up to the first span. */
export interface BegunGet {
  /** The varbinds of the first names. */
  readonly answered: readonly Uint8Array[]
  /** What has the next name. */
  readonly span: RemoteSpan
}

export class RemoteGet {
  readonly #names: readonly Oid[]
  readonly #rules: ReadRules
  readonly #walk: Walk
  readonly #answers: Uint8Array[] = []
  readonly #failures: ReadFailure[] = []
  readonly #attempts = new Attempts()
  /** What has the first name without an answer, as long as nobody waited. */
  #span: RemoteSpan | undefined

  /** What was begun goes on where it stands. */
  constructor(registry: Registry, names: readonly Oid[], rules: ReadRules, begun?: BegunGet) {
    this.#names = names
    this.#rules = rules
    this.#walk = new Walk(registry, rules)
    if (!begun) return
    for (const varbind of begun.answered) this.#answers.push(varbind)
    this.#span = begun.span
  }

  /** Once round, and again for the names whose backend ended before it answered. */
  async finish(): Promise<RemoteAnswer> {
    let questions = this.#searchHere()
    while (questions.length > 0) {
      const unanswered = await askEach(questions, this.#ask)
      questions = []
      for (const again of unanswered) for (const { name, index } of again) this.#search(name, index, questions)
    }
    return earliest(this.#failures) ?? this.#answers
  }

  #searchHere(): Question[] {
    const questions: Question[] = []
    for (let index = this.#answers.length; index < this.#names.length; index++)
      this.#search(this.#names[index] as Oid, index, questions)
    return questions
  }

  /** Answers what is served here or nowhere; otherwise adds whom to ask. */
  #search(name: Oid, index: number, questions: Question[]): void {
    const found = this.#span ?? this.#walk.find(name, 0, name.length)
    this.#span = undefined
    if (typeof found === 'string') this.#answer(name, index, { type: found })
    else if (found.remote === undefined) this.#answers[index] = encodeInstance(found, this.#walk.position)
    else if (this.#rules.view.sees(found.remote, name)) questions.push({ region: found.remote, name, index })
    else this.#answer(name, index, { type: 'noSuchObject' })
  }

  /** Gives the questions that are to be asked again, of another backend. */
  readonly #ask = async (backend: RemoteBackend, questions: readonly Question[]): Promise<readonly Question[]> => {
    const timeoutMs = this.#attempts.waitFor(longestTimeoutMs(questions))
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
    return noQuestions
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
