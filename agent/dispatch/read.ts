/** GET, GETNEXT and GETBULK over the registry (RFC 3416 §4.2.1-4.2.3), each varbind under the read view. */
import { tag } from '../../lib/ber/tags.ts'
import { type BerWriter, headerLength, oidContentLength } from '../../lib/ber/writer.ts'
import type { Registry } from '../../lib/mib/registry.ts'
import { type ServedObject, search } from '../../lib/mib/subtree.ts'
import type { View } from '../../lib/mib/view.ts'
import { type ErrorStatus, toV1ErrorStatus } from '../../lib/smi/error-status.ts'
import { pduTag } from '../../snmp/message/pdu.ts'
import type { Request } from '../../snmp/message/request.ts'

/** Not an exception type: what a read came to when it is not simply written. */
export interface ReadFailure {
  readonly status: ErrorStatus
  readonly position: number
}

export interface ReadRules {
  readonly view: View
  /** SNMPv1 has no Counter64 and no exceptions: RFC 3584 §4.2. */
  readonly isV1: boolean
  /** Where the varbinds must end, in octets of the whole message. */
  readonly limit: number
}

/** A walker's place, kept between the repetitions of a GETBULK. */
interface Walk {
  object: number
  position: number
  isAtEnd: boolean
}

const tooBig: ReadFailure = { status: 'tooBig', position: 0 }

/**
 * Writes the varbinds of the answer; the list is open. Undefined when all went well; 'remote' when a part of the answer
 * comes from elsewhere, and what was written is of no use.
 */
export function read(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | 'remote' | undefined {
  metRemote = false
  isOverworked = false
  mayEnd = false
  search.passed = 0
  switch (request.pduTag) {
    case pduTag.getRequest:
      return get(registry, request, rules, out)
    case pduTag.getNextRequest:
      return getNext(registry, request, rules, out)
    default:
      return getBulk(registry, request, rules, out)
  }
}

/** Raised by `advance` when a span that is served elsewhere is next. */
let metRemote = false

/**
 * Objects and instances that one request may pass over before it is ended (20 ms or so): with thousands of names in one
 * message, each of them may lie before as many rows that its view hides.
 */
export const passedAtMost = 50_000
/** Whether a search may be ended: the first one of a request never is, so that a walk name by name comes to its end. */
let mayEnd = false
/** Raised by `advance` when too much was passed over. */
let isOverworked = false

/** RFC 3416 §4.2.1, §4.2.2: "if the processing of any variable binding fails for a reason other than listed above". */
const overworked = (position: number): ReadFailure => ({ status: 'genErr', position })

function get(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | 'remote' | undefined {
  const { ids, starts, lengths, count } = request
  for (let i = 0; i < count; i++) {
    const from = starts[i]!
    const length = lengths[i]!
    const found = registry.locate(ids, from, length)
    let exception: number = tag.noSuchObject
    if (found >= 0) {
      const object = registry.objects[found]!
      if (object.remote !== undefined) return 'remote'
      const position = object.find(ids, from + object.oid.length, length - object.oid.length)
      if (position < 0) {
        if (rules.view.decide(object) !== 'out') exception = tag.noSuchInstance
      } else if (isVisible(rules, object, position)) {
        if (!object.write(position, out, rules.limit)) return tooBig
        continue
      }
    }
    if (rules.isV1) return { status: toV1ErrorStatus('noSuchName'), position: i + 1 }
    if (!writeException(out, ids.subarray(from, from + length), exception, rules.limit)) return tooBig
  }
  return undefined
}

function getNext(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | 'remote' | undefined {
  const { ids, starts, lengths, count } = request
  for (let i = 0; i < count; i++) {
    const from = starts[i]!
    const length = lengths[i]!
    if (seek(registry, rules, ids, from, length, singleWalk)) {
      if (!objectOf(registry, singleWalk).write(singleWalk.position, out, rules.limit)) return tooBig
    } else if (metRemote) return 'remote'
    else if (isOverworked) return overworked(i + 1)
    else if (rules.isV1) return { status: 'noSuchName', position: i + 1 }
    else if (!writeException(out, ids.subarray(from, from + length), tag.endOfMibView, rules.limit)) return tooBig
    mayEnd = true
  }
  return undefined
}

const singleWalk: Walk = { object: 0, position: 0, isAtEnd: false }

/** §4.2.3: as many repetitions as fit; what does not fit is left out, and that is no error. */
function getBulk(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | 'remote' | undefined {
  const { ids, starts, lengths, count } = request
  const nonRepeaters = Math.min(Math.max(request.first, 0), count)
  const maxRepetitions = Math.max(request.second, 0)
  for (let i = 0; i < nonRepeaters; i++) {
    const from = starts[i]!
    if (seek(registry, rules, ids, from, lengths[i]!, singleWalk)) {
      if (!objectOf(registry, singleWalk).write(singleWalk.position, out, rules.limit)) return undefined
    } else if (metRemote) return 'remote'
    else if (isOverworked) return overworked(i + 1)
    else if (!writeException(out, ids.subarray(from, from + lengths[i]!), tag.endOfMibView, rules.limit))
      return undefined
    mayEnd = true
  }
  const repeaters = count - nonRepeaters
  if (repeaters === 0) return undefined
  for (let repetition = 0; repetition < maxRepetitions; repetition++) {
    let atEnd = 0
    for (let r = 0; r < repeaters; r++) {
      const walk = walks[r] ?? newWalk()
      const from = starts[nonRepeaters + r]!
      const length = lengths[nonRepeaters + r]!
      const before = walk.object
      const beforePosition = walk.position
      const found =
        repetition === 0
          ? seek(registry, rules, ids, from, length, walk)
          : !walk.isAtEnd && advance(registry, rules, walk, walk.position + 1)
      mayEnd = true
      if (found) {
        walk.isAtEnd = false
        if (!objectOf(registry, walk).write(walk.position, out, rules.limit)) return undefined
        continue
      }
      if (metRemote) return 'remote'
      // §4.2.3: a request that takes significantly more than a normal one may end after its first repetition.
      if (isOverworked) return repetition === 0 ? overworked(nonRepeaters + r + 1) : undefined
      atEnd++
      if (repetition === 0 || (walk.isAtEnd && walk.object < 0)) {
        walk.object = -1
        if (!writeException(out, ids.subarray(from, from + length), tag.endOfMibView, rules.limit)) return undefined
      } else {
        // The name of the last instance goes on being named, RFC 3416 §4.2.3.
        walk.object = before
        walk.position = beforePosition
        const last = objectOf(registry, walk).nameOf(beforePosition)
        if (!writeException(out, last, tag.endOfMibView, rules.limit)) return undefined
      }
      walk.isAtEnd = true
    }
    if (atEnd === repeaters) return undefined
  }
  return undefined
}

/** A walk stands on objects that are served here alone. */
function objectOf(registry: Registry, { object }: Walk): ServedObject {
  return registry.objects[object] as ServedObject
}

const walks: Walk[] = []

function newWalk(): Walk {
  const walk = { object: 0, position: 0, isAtEnd: false }
  walks.push(walk)
  return walk
}

/** Places the walk on the first visible instance after the name. */
function seek(
  registry: Registry,
  rules: ReadRules,
  ids: Uint32Array,
  from: number,
  length: number,
  walk: Walk,
): boolean {
  if (isTooMuch()) return false
  const located = registry.locate(ids, from, length)
  if (located < 0) {
    walk.object = -located - 1
    return advance(registry, rules, walk, 0)
  }
  const object = registry.objects[located]!
  if (object.remote !== undefined) {
    metRemote = true
    return false
  }
  walk.object = located
  const position = object.after(ids, from + object.oid.length, length - object.oid.length)
  if (position >= 0) return advance(registry, rules, walk, position)
  walk.object++
  return advance(registry, rules, walk, 0)
}

/** Places the walk on the first visible instance at this position of its object, or later. */
function advance(registry: Registry, rules: ReadRules, walk: Walk, from: number): boolean {
  const { objects } = registry
  let position = from
  for (; walk.object < objects.length; walk.object++) {
    const object = objects[walk.object]!
    if (object.remote !== undefined) {
      if (rules.view.decide(object.remote) !== 'out') {
        metRemote = true
        return false
      }
    } else {
      const decision = rules.isV1 && object.base === 'Counter64' ? 'out' : rules.view.decide(object)
      if (decision !== 'out') {
        for (position = object.next(position); position >= 0; position = object.next(position + 1)) {
          if (decision !== 'mixed' || rules.view.includes(object.nameOf(position))) {
            walk.position = position
            return true
          }
          search.passed++
          if (mayEnd && search.passed > passedAtMost) break
        }
      }
    }
    search.passed++
    if (isTooMuch()) return false
    position = 0
  }
  return false
}

function isTooMuch(): boolean {
  isOverworked = mayEnd && search.passed > passedAtMost
  return isOverworked
}

function isVisible({ view, isV1 }: ReadRules, object: ServedObject, position: number): boolean {
  if (isV1 && object.base === 'Counter64') return false
  const decision = view.decide(object)
  return decision === 'in' || (decision === 'mixed' && view.includes(object.nameOf(position)))
}

function writeException(out: BerWriter, name: ArrayLike<number>, exception: number, limit: number): boolean {
  const length = oidContentLength(name)
  const content = length + headerLength(length) + 2
  if (out.position + content + headerLength(content) > limit) return false
  out.header(tag.sequence, content)
  out.oid(name)
  out.null(exception)
  return true
}
