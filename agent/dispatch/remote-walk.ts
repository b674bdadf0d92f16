/** GETNEXT and GETBULK where parts of the answer come from elsewhere: varbinds for one backend travel together. */
import type { Registry, RemoteRegion, RemoteSpan } from '../../lib/mib/registry.ts'
import type { NameRange, RemoteBackend } from '../../lib/mib/remote.ts'
import { search } from '../../lib/mib/subtree.ts'
import { unbounded, Walk } from '../../lib/mib/walk.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'
import { Cursor } from './cursor.ts'
import { overworked, passedAtMost, type ReadFailure, type ReadRules, tooBig } from './read-rules.ts'
import { Attempts, askEach, earliest, longestTimeoutMs, type RemoteAnswer } from './remote-answer.ts'
import { encodeVarbind } from './varbinds.ts'

/** The shortest varbind takes so many octets: what a GETBULK asks beyond that could not be sent. */
const shortestVarbind = 12

/** Of a GETBULK, within its bounds (RFC 3416 §4.2.3). */
export interface BulkShape {
  readonly nonRepeaters: number
  readonly repetitions: number
}

export function shapeOfBulk(names: number, nonRepeaters: number, maxRepetitions: number): BulkShape {
  return {
    nonRepeaters: Math.min(Math.max(nonRepeaters, 0), names),
    repetitions: Math.max(maxRepetitions, 0),
  }
}

/** A walk that was begun elsewhere, up to the first span. */
export interface BegunWalk {
  /** The varbinds that were found, in the order they are sent. */
  readonly answered: readonly Uint8Array[]
  /** Where the search of each name stands, by its index; none for those that have not begun, or have all they want. */
  readonly walks: readonly (Walk | undefined)[]
  /** The name whose search came to the span. */
  readonly index: number
  readonly span: RemoteSpan
}

interface Question {
  readonly cursor: Cursor
  readonly region: RemoteRegion
  readonly range: NameRange
}

export class RemoteWalk {
  readonly #rules: ReadRules
  /** Undefined for a GETNEXT. */
  readonly #bulk: BulkShape | undefined
  readonly #nonRepeaters: number
  readonly #repetitions: number
  readonly #cursors: readonly Cursor[]
  readonly #repeaters: readonly Cursor[]
  readonly #attempts = new Attempts()
  /** What its searches passed over so far, as `search.passed` counts it. */
  #passed = 0

  /** What was begun goes on where it stands. */
  constructor(registry: Registry, names: readonly Oid[], rules: ReadRules, bulk?: BulkShape, begun?: BegunWalk) {
    this.#rules = rules
    this.#bulk = bulk
    this.#nonRepeaters = bulk?.nonRepeaters ?? names.length
    const repeaters = names.length - this.#nonRepeaters
    const fitting = Math.ceil(rules.limit / shortestVarbind / Math.max(repeaters, 1))
    this.#repetitions = Math.min(bulk?.repetitions ?? 0, fitting)
    this.#cursors = names.map((name, index) => {
      const wanted = index < this.#nonRepeaters ? 1 : this.#repetitions
      return new Cursor({ index, name, wanted, limit: rules.limit }, begun?.walks[index] ?? new Walk(registry, rules))
    })
    this.#repeaters = repeaters === 0 ? [] : this.#cursors.slice(this.#nonRepeaters)
    if (begun) this.#takeOver(begun)
  }

  #takeOver({ answered, walks, index: spanIndex, span }: BegunWalk): void {
    this.#passed = search.passed
    const [first, step] = [this.#nonRepeaters, this.#repeaters.length]
    for (const [i, varbind] of answered.entries()) {
      const index = i < first ? i : first + ((i - first) % step)
      this.#cursors[index]?.takeAnswered(varbind)
    }
    for (const cursor of this.#cursors)
      if (walks[cursor.index]) cursor.goOn(cursor.index === spanIndex ? span : undefined)
  }

  async finish(): Promise<RemoteAnswer> {
    for (;;) {
      const questions = this.#searchHere()
      if (questions === 'overworked') return this.#cutShort()
      if (questions.length === 0) return this.#answer(this.#repetitions)
      const refused = questions.find(({ region }) => !this.#attempts.mayAsk(region.backend))
      if (refused) return failureAt(refused)
      const failure = earliest(await askEach(questions, this.#ask))
      if (failure) return failure
      // More would not fit, and must not be held meanwhile.
      if (this.#octetsOfRounds() > this.#rules.limit) return this.#bulk ? this.#answer(this.#repetitions) : tooBig
    }
  }

  /** Takes all that is served here, and gives what is to be asked of others now. */
  #searchHere(): Question[] | 'overworked' {
    search.passed = this.#passed
    const questions: Question[] = []
    for (const cursor of this.#cursors) {
      const isFirst = cursor.index === 0 && cursor.found.length === 0
      const span = cursor.searchHere(isFirst ? unbounded : passedAtMost)
      if (span === 'overworked') return span
      if (span) questions.push({ cursor, region: span.remote, range: cursor.range() })
    }
    // What subagents name and the view hides costs more than what is passed here.
    this.#passed = search.passed + questions.length
    return questions
  }

  /** §4.2.3: the rest of a GETBULK may be left out once its first repetition is there. */
  #cutShort(): RemoteAnswer {
    const missing = this.#cursors.find(({ found, isDone }) => found.length === 0 && !isDone)
    return missing ? overworked(missing.index + 1) : this.#answer(this.#wholeRounds())
  }

  /** Repetitions that are there for every repeater. */
  #wholeRounds(): number {
    let rounds = this.#repetitions
    for (const { found, isDone } of this.#repeaters) if (!isDone) rounds = Math.min(rounds, found.length)
    return rounds
  }

  /** Octets of what is found and will be answered: of the repeaters of a GETBULK, whole rounds from the first one on. */
  #octetsOfRounds(): number {
    let octets = 0
    for (const single of this.#cursors) {
      if (single.index >= this.#nonRepeaters) break
      if (this.#bulk && !single.isDone) return 0
      octets += single.octetsOf(1)
    }
    const rounds = this.#wholeRounds()
    for (const repeater of this.#repeaters) octets += repeater.octetsOf(rounds)
    return octets
  }

  /** First one for each non-repeater, then round after round; a round in which all are at their end is the last. */
  #answer(repetitions: number): RemoteAnswer {
    // SNMPv1 has no endOfMibView (RFC 3584 §4.2.2.2).
    const over = this.#rules.isV1 ? this.#cursors.find(({ isAtEnd }) => isAtEnd) : undefined
    if (over) return { status: 'noSuchName', position: over.index + 1 }
    const answer = this.#cursors.slice(0, this.#nonRepeaters).map((cursor) => cursor.found[0] ?? cursor.ending())
    for (let round = 0; round < repetitions; round++) {
      let isOver = true
      for (const cursor of this.#repeaters) {
        const varbind = cursor.found[round]
        if (varbind) isOver = false
        answer.push(varbind ?? cursor.ending())
      }
      if (isOver) break
    }
    return answer
  }

  /** One PDU for each backend; what it says is checked before it is believed. */
  readonly #ask = async (backend: RemoteBackend, group: readonly Question[]): Promise<ReadFailure | undefined> => {
    const questions = group.length === 1 ? group : singlesFirst(group)
    const most = Math.min(questions.at(-1)?.cursor.missing ?? 1, 0xffff)
    const singles = most > 1 ? questions.findIndex(({ cursor }) => cursor.missing > 1) : questions.length
    const repeaters = questions.length - singles
    const timeoutMs = this.#attempts.waitFor(longestTimeoutMs(questions))
    const ranges = questions.map(({ range }) => range)
    try {
      const varbinds =
        repeaters === 0
          ? await backend.getNext(ranges, timeoutMs)
          : await backend.getBulk(ranges, singles, most, timeoutMs)
      for (const [i, question] of questions.entries()) {
        const step = i < singles ? varbinds.length : repeaters
        if (!this.#take(question, varbinds, i, step)) return failureAt(question)
      }
      return undefined
    } catch (error) {
      // The cursors stand where they stood: the next round finds the backend that has the region by then.
      if (this.#attempts.isGone(backend, error)) return undefined
      return { status: 'genErr', position: Math.min(...questions.map(({ cursor }) => cursor.index)) + 1 }
    }
  }

  /** Takes what a backend said of one range, at `first` and every step after it; false for nonsense. */
  #take({ cursor, range, region }: Question, varbinds: readonly Varbind[], first: number, step: number): boolean {
    const { view, isV1 } = this.#rules
    // Regions of one backend that touch are one range.
    const isOneRegion = compareOid(range.end, region.to) <= 0
    let last = range.start
    let mayEqual = range.include
    for (let at = first; at < varbinds.length && !cursor.isDone; at += step) {
      const { name, value } = varbinds[at] as Varbind
      // Net-SNMP's subagent does not look at a range's end: what lies behind it says that the range is over.
      if (value.type === 'endOfMibView' || compareOid(name, range.end) >= 0) {
        cursor.skipTo(range.end)
        break
      }
      const order = compareOid(name, last)
      const isDue = order > 0 || (order === 0 && mayEqual)
      // Net-SNMP's subagent repeats a name that was to be included: what came before it stands.
      if (!isDue || !isPlain(value)) return last !== range.start
      last = name
      mayEqual = false
      if ((isV1 && value.type === 'Counter64') || !(isOneRegion ? view.sees(region, name) : view.includes(name)))
        cursor.passOver(name)
      else cursor.takeRemote(name, encodeVarbind(name, value))
    }
    // Nothing at all for a range is nonsense: there is always an instance or an end.
    return first < varbinds.length
  }
}

/** As a GETBULK has them: those that want one instance, then the others, of which the last wants most. */
function singlesFirst(group: readonly Question[]): Question[] {
  return group.toSorted((a, b) => a.cursor.missing - b.cursor.missing)
}

function failureAt({ cursor }: Question): ReadFailure {
  return { status: 'genErr', position: cursor.index + 1 }
}

function isPlain({ type }: SnmpValue): boolean {
  return type !== 'Null' && type !== 'noSuchObject' && type !== 'noSuchInstance'
}
