/** GET, GETNEXT and GETBULK over the registry (RFC 3416 §4.2.1-4.2.3), each varbind under the read view. */
import { exceptionTag, tag } from '../../lib/ber/tags.ts'
import { type BerWriter, headerLength, oidContentLength } from '../../lib/ber/writer.ts'
import type { Registry } from '../../lib/mib/registry.ts'
import { search } from '../../lib/mib/subtree.ts'
import { unbounded, Walk } from '../../lib/mib/walk.ts'
import type { SnmpException } from '../../lib/smi/value.ts'
import { pduTag } from '../../snmp/message/pdu.ts'
import type { Request } from '../../snmp/message/request.ts'
import { overworked, passedAtMost, type ReadFailure, type ReadRules, tooBig } from './read-rules.ts'
import { RemoteGet } from './remote-get.ts'
import { RemoteWalk, shapeOfBulk } from './remote-walk.ts'
import { splitVarbinds } from './varbinds.ts'

/** A read that met a part of the tree that is served elsewhere, with all it has so far. To be finished in the same turn, or not at all. */
export type Unfinished = RemoteGet | RemoteWalk

/**
 * Writes the varbinds of the answer; the list is open. Undefined when all went well; unfinished when a part of the answer
 * comes from elsewhere, and what was written is in it.
 */
export function read(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | Unfinished | undefined {
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

function get(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | RemoteGet | undefined {
  const start = out.position
  const walk = new Walk(registry, rules)
  for (let i = 0; i < request.count; i++) {
    const found = walk.find(request.ids, request.startOf(i), request.lengthOf(i))
    if (typeof found === 'string') {
      if (rules.isV1) return { status: 'noSuchName', position: i + 1 }
      if (!writeException(out, request.name(i), found, rules.limit)) return tooBig
    } else if (found.remote !== undefined)
      return new RemoteGet(registry, request.names(), rules, {
        answered: splitVarbinds(out.written(start)),
        span: found,
      })
    else if (!found.write(walk.position, out, rules.limit)) return tooBig
  }
  return undefined
}

function getNext(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | RemoteWalk | undefined {
  const start = out.position
  const walk = new Walk(registry, rules)
  for (let i = 0; i < request.count; i++) {
    const most = i === 0 ? unbounded : passedAtMost
    const next = walk.seek(request.ids, request.startOf(i), request.lengthOf(i), most)
    if (next === 'overworked') return overworked(i + 1)
    if (next === 'endOfMibView') {
      if (rules.isV1) return { status: 'noSuchName', position: i + 1 }
      if (!writeException(out, request.name(i), next, rules.limit)) return tooBig
    } else if (next.remote !== undefined) {
      const walks = Array.from({ length: i + 1 }, (_, at) => (at === i ? walk : undefined))
      const begun = { answered: splitVarbinds(out.written(start)), walks, index: i, span: next }
      return new RemoteWalk(registry, request.names(), rules, undefined, begun)
    } else if (!next.write(walk.position, out, rules.limit)) return tooBig
  }
  return undefined
}

/** §4.2.3: as many repetitions as fit; what does not fit is left out, and that is no error. */
function getBulk(
  registry: Registry,
  request: Request,
  rules: ReadRules,
  out: BerWriter,
): ReadFailure | RemoteWalk | undefined {
  const start = out.position
  const shape = shapeOfBulk(request.count, request.first, request.second)
  const { nonRepeaters, repetitions } = shape
  const names = repetitions === 0 ? nonRepeaters : request.count
  const walks: Walk[] = []
  // The first round has the non-repeaters too.
  for (let round = 0; round === 0 || round < repetitions; round++) {
    let atEnd = 0
    for (let i = round === 0 ? 0 : nonRepeaters; i < names; i++) {
      const walk = walks[i] ?? new Walk(registry, rules)
      walks[i] = walk
      const next =
        round === 0
          ? walk.seek(request.ids, request.startOf(i), request.lengthOf(i), i === 0 ? unbounded : passedAtMost)
          : walk.advance(passedAtMost)
      // A request that takes significantly more than a normal one may end after its first repetition.
      if (next === 'overworked') return round === 0 ? overworked(i + 1) : undefined
      if (next === 'endOfMibView') {
        // The name of the last instance goes on being named.
        if (!writeException(out, walk.name ?? request.name(i), next, rules.limit)) return undefined
        if (i >= nonRepeaters) atEnd++
      } else if (next.remote !== undefined) {
        const begun = { answered: splitVarbinds(out.written(start)), walks, index: i, span: next }
        return new RemoteWalk(registry, request.names(), rules, shape, begun)
      } else if (!next.write(walk.position, out, rules.limit)) return undefined
    }
    if (atEnd === names - nonRepeaters) return undefined
  }
  return undefined
}

function writeException(out: BerWriter, name: ArrayLike<number>, exception: SnmpException, limit: number): boolean {
  const length = oidContentLength(name)
  const content = length + headerLength(length) + 2
  if (out.position + content + headerLength(content) > limit) return false
  out.header(tag.sequence, content)
  out.oid(name)
  out.null(exceptionTag[exception])
  return true
}
