/** GETNEXT and GETBULK where parts of the answer come from elsewhere: varbinds for one backend travel together. */
import { groupBy } from '../../lib/mib/group.ts'
import type { Owner, Registry, RemoteRegion, RemoteSpan } from '../../lib/mib/registry.ts'
import type { NameRange } from '../../lib/mib/remote.ts'
import { search } from '../../lib/mib/subtree.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'
import { pduTag } from '../../snmp/message/pdu.ts'
import { getRemote } from './get-remote.ts'
import { passedAtMost, type ReadFailure, type ReadRules } from './read.ts'
import { Attempts, earliest, encode, type RemoteAnswer, type RemoteRequest, writeLocal } from './remote-answer.ts'

/** The shortest varbind takes so many octets: what a GETBULK asks beyond that could not be sent. */
const shortestVarbind = 12

/** One varbind of the request on its way: what was found, and from where to go on. */
interface Cursor {
  readonly index: number
  readonly wanted: number
  readonly found: Uint8Array[]
  /** The last name found, or the one that was asked for. */
  name: Oid
  /** Where the search stands in the registry's list, when a span had nothing more. */
  skipTo: Oid | undefined
  /** Of what is found; one cursor alone never needs more than a message holds. */
  octets: number
  isDone: boolean
}

interface Query {
  readonly cursor: Cursor
  readonly remote: RemoteRegion
  readonly range: NameRange
}

export async function readRemote(registry: Registry, request: RemoteRequest, rules: ReadRules): Promise<RemoteAnswer> {
  if (request.pduTag === pduTag.getRequest) return getRemote(registry, request, rules)
  const isBulk = request.pduTag === pduTag.getBulkRequest
  const nonRepeaters = isBulk ? Math.min(Math.max(request.nonRepeaters, 0), request.names.length) : request.names.length
  const repeaters = request.names.length - nonRepeaters
  const fitting = Math.ceil(rules.limit / shortestVarbind / Math.max(repeaters, 1))
  const repetitions = Math.min(Math.max(request.maxRepetitions, 0), fitting)
  const cursors = request.names.map((name, index): Cursor => {
    const wanted = index < nonRepeaters ? 1 : repetitions
    return { index, wanted, found: [], name, skipTo: undefined, octets: 0, isDone: wanted === 0 }
  })
  const attempts = new Attempts()
  for (;;) {
    const queries: Query[] = []
    search.passed = attempts.passed
    for (const cursor of cursors) {
      const query = findLocal(registry, rules, cursor)
      if (query) queries.push(query)
      if (search.passed <= passedAtMost || cursors.length === 1 || cursors.every(({ isDone }) => isDone)) continue
      // As in read.ts: the rest of a GETBULK may be left out once its first repetition is there.
      const missing = cursors.find(({ found, wanted }) => wanted > 0 && found.length === 0)
      if (missing) return { status: 'genErr', position: missing.index + 1 }
      return inRounds(cursors, nonRepeaters, Math.min(repetitions, wholeRounds(cursors.slice(nonRepeaters))))
    }
    attempts.passed = search.passed
    if (queries.length === 0) break
    const refused = queries.find(({ remote }) => !attempts.mayAsk(remote.backend))
    if (refused) return { status: 'genErr', position: refused.cursor.index + 1 }
    // What subagents name and the view hides costs more than what is passed here.
    attempts.passed += queries.length
    const failure = await ask(queries, rules, attempts)
    if (failure) return failure
    // More would not fit, and must not be held meanwhile.
    if (octetsOfRounds(cursors, isBulk, nonRepeaters) > rules.limit) {
      if (!isBulk) return { status: 'tooBig', position: 0 }
      break
    }
  }
  if (!isBulk) {
    // SNMPv1 has no endOfMibView (RFC 3584 §4.2.2.2).
    const over = rules.isV1 ? cursors.find(({ found }) => endings.has(found[0]!)) : undefined
    if (over) return { status: 'noSuchName', position: over.index + 1 }
    return cursors.map(({ found }) => found[0]!)
  }
  return inRounds(cursors, nonRepeaters, repetitions)
}

/** Repetitions that are there for every repeater. */
function wholeRounds(repeaters: readonly Cursor[]): number {
  return Math.min(...repeaters.map(({ found, isDone }) => (isDone ? Number.POSITIVE_INFINITY : found.length)))
}

/** Octets of what is found and will be answered: of the repeaters of a GETBULK, whole rounds from the first one on. */
function octetsOfRounds(cursors: readonly Cursor[], isBulk: boolean, nonRepeaters: number): number {
  if (cursors.some(({ index, isDone }) => isBulk && index < nonRepeaters && !isDone)) return 0
  const rounds = isBulk ? wholeRounds(cursors) : Number.POSITIVE_INFINITY
  let octets = 0
  for (const { index, found } of cursors) {
    const counted = isBulk && index >= nonRepeaters ? Math.min(rounds, found.length) : found.length
    for (let i = 0; i < counted; i++) octets += found[i]!.length
  }
  return octets
}

/** RFC 3416 §4.2.3: first one for each non-repeater, then round after round; a round in which all are at their end is the last. */
function inRounds(cursors: readonly Cursor[], nonRepeaters: number, repetitions: number): Uint8Array[] {
  const answer = cursors.slice(0, nonRepeaters).map(({ found }) => found[0]!)
  const repeaters = cursors.slice(nonRepeaters)
  for (let round = 0; round < repetitions; round++) {
    let isOver = true
    for (const { found, name } of repeaters) {
      const varbind = found[round]
      const isLast = varbind === undefined || endings.has(varbind)
      if (!isLast) isOver = false
      answer.push(varbind ?? endOf(name))
    }
    if (isOver) break
  }
  return answer
}

/** Varbinds that say endOfMibView. */
const endings = new WeakSet<Uint8Array>()

function endOf(name: Oid): Uint8Array {
  const ending = encode(name, { type: 'endOfMibView' })
  endings.add(ending)
  return ending
}

/** Goes on in what is served here, until enough is found or a span elsewhere is next: then what is to be asked of it. */
function findLocal(registry: Registry, rules: ReadRules, cursor: Cursor): Query | undefined {
  const { objects } = registry
  while (!cursor.isDone) {
    const { skipTo } = cursor
    const from = skipTo ?? cursor.name
    const located = registry.locate(from, 0, from.length)
    let at = located < 0 ? -located - 1 : located
    let isFresh = located < 0 // the owner lies wholly after the name
    for (; ; at++, isFresh = true) {
      const owner = objects[at]
      if (!owner) {
        finish(cursor)
        return undefined
      }
      if (owner.remote) {
        if (rules.view.decide(owner.remote) === 'out') continue
        const start = isFresh ? owner.oid : from
        const include = isFresh || skipTo !== undefined
        return { cursor, remote: owner.remote, range: { start, include, end: endOfRun(objects, at, rules) } }
      }
      const decision = rules.isV1 && owner.base === 'Counter64' ? 'out' : rules.view.decide(owner)
      search.passed++
      if (decision === 'out') continue
      const rest = from.slice(owner.oid.length)
      const first = isFresh ? 0 : skipTo !== undefined ? owner.next(0) : owner.after(rest, 0, rest.length)
      if (first < 0) continue
      let position = owner.next(first)
      while (position >= 0 && decision === 'mixed' && !rules.view.includes(owner.nameOf(position))) {
        search.passed++
        position = owner.next(position + 1)
      }
      if (position < 0) continue
      take(cursor, owner.nameOf(position), writeLocal(owner, position), rules.limit)
      break
    }
  }
  return undefined
}

function take(cursor: Cursor, name: Oid, varbind: Uint8Array, limit: number): void {
  cursor.found.push(varbind)
  cursor.octets += varbind.length
  cursor.name = name
  cursor.skipTo = undefined
  if (cursor.found.length >= cursor.wanted || cursor.octets > limit) cursor.isDone = true
}

function finish(cursor: Cursor): void {
  cursor.found.push(endOf(cursor.name))
  cursor.isDone = true
}

/** One PDU for each backend; what it says is checked before it is believed. */
async function ask(queries: readonly Query[], rules: ReadRules, attempts: Attempts): Promise<ReadFailure | undefined> {
  const groups = groupBy(queries, ({ remote }) => remote.backend)
  const failures = await Promise.all([...groups.values()].map((group) => askOne(group, rules, attempts)))
  return earliest(failures)
}

async function askOne(queries: Query[], rules: ReadRules, attempts: Attempts): Promise<ReadFailure | undefined> {
  queries.sort((a, b) => missing(a) - missing(b))
  const { backend } = queries[0]!.remote
  const timeoutMs = attempts.waitFor(Math.max(...queries.map(({ remote }) => remote.timeoutMs)))
  const ranges = queries.map(({ range }) => range)
  const most = missing(queries.at(-1)!)
  const singles = queries.findIndex((query) => missing(query) > 1)
  const nonRepeaters = singles < 0 ? queries.length : singles
  try {
    const varbinds =
      most === 1
        ? await backend.getNext(ranges, timeoutMs)
        : await backend.getBulk(ranges, nonRepeaters, Math.min(most, 0xffff), timeoutMs)
    return takeAnswers(queries, most === 1 ? queries.length : nonRepeaters, varbinds, rules)
  } catch (error) {
    // The cursors stand where they stood: the next round finds the backend that has the region by then.
    if (attempts.isGone(backend, error)) return undefined
    return { status: 'genErr', position: queries[0]!.cursor.index + 1 }
  }
}

function missing({ cursor }: Query): number {
  return cursor.wanted - cursor.found.length
}

function takeAnswers(
  queries: readonly Query[],
  nonRepeaters: number,
  varbinds: readonly Varbind[],
  rules: ReadRules,
): ReadFailure | undefined {
  const repeaters = queries.length - nonRepeaters
  for (const [i, query] of queries.entries()) {
    const { cursor, range } = query
    const isSingle = i < nonRepeaters
    const step = isSingle ? varbinds.length : repeaters
    let last = range.start
    let mayEqual = range.include
    for (let at = i; at < varbinds.length && !cursor.isDone; at += step) {
      const { name, value } = varbinds[at]!
      // Net-SNMP's subagent does not look at a range's end: what lies behind it says that the range is over.
      const isOver = value.type === 'endOfMibView' || compareOid(name, range.end) >= 0
      if (isOver) {
        cursor.skipTo = range.end // the search goes on behind it
        break
      }
      const order = compareOid(name, last)
      const isDue = order > 0 || (order === 0 && mayEqual)
      if (!isDue || !isPlain(value)) {
        // Net-SNMP's subagent repeats a name that was to be included: what came before it stands.
        if (at > i) break
        return { status: 'genErr', position: cursor.index + 1 }
      }
      last = name
      mayEqual = false
      const isHidden = (rules.isV1 && value.type === 'Counter64') || !rules.view.includes(name)
      if (isHidden) {
        cursor.name = name
        cursor.skipTo = undefined
      } else take(cursor, name, encode(name, value), rules.limit)
      if (isSingle) break
    }
    // Nothing at all for a range is nonsense: there is always an instance or an end.
    if (i >= varbinds.length) return { status: 'genErr', position: cursor.index + 1 }
  }
  return undefined
}

/** Spans of one backend that touch are one range to it: a walk over many scalars is one question. */
function endOfRun(objects: readonly Owner[], at: number, rules: ReadRules): Oid {
  const first = objects[at] as RemoteSpan
  let end = first.to
  for (let next = at + 1; next < objects.length; next++) {
    const owner = objects[next]!
    if (!owner.remote || owner.remote.backend !== first.remote.backend || compareOid(owner.oid, end) !== 0) break
    if (rules.view.decide(owner.remote) === 'out') break
    end = owner.to
  }
  return end
}

function isPlain({ type }: SnmpValue): boolean {
  return type !== 'Null' && type !== 'noSuchObject' && type !== 'noSuchInstance'
}
