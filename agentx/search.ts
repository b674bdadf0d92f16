/** How a subagent of ours finds what the master asks for (RFC 2741 §7.2.3). */

import type { Registry } from '../lib/mib/registry.ts'
import { compareOid, type Oid } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'
import type { SearchRange } from './pdu.ts'

/** The instance of this name, or the exception for it (RFC 2741 §7.2.3.1). */
export function get(registry: Registry, name: Oid): Varbind {
  const located = registry.locate(name, 0, name.length)
  const object = located < 0 ? undefined : registry.objects[located]
  if (!object || object.remote) return { name, value: { type: 'noSuchObject' } }
  const position = object.find(name, object.oid.length, name.length - object.oid.length)
  return { name, value: position < 0 ? { type: 'noSuchInstance' } : object.valueAt(position) }
}

/** The first instance of a range, or endOfMibView (§7.2.3.2). */
export function getNext(registry: Registry, { start, include, end }: SearchRange): Varbind {
  const { objects } = registry
  const located = registry.locate(start, 0, start.length)
  const over: Varbind = { name: start, value: { type: 'endOfMibView' } }
  for (let at = located < 0 ? -located - 1 : located; at < objects.length; at++) {
    const object = objects[at]!
    if (object.remote) continue
    let position: number
    if (at === located) {
      const [from, length] = [object.oid.length, start.length - object.oid.length]
      position = include ? object.find(start, from, length) : -1
      if (position < 0) position = object.after(start, from, length)
    } else position = object.next(0)
    if (position < 0) continue
    const name = object.nameOf(position)
    if (end.length > 0 && compareOid(name, end) >= 0) return over
    return { name, value: object.valueAt(position) }
  }
  return over
}

/** No message has more: a manager's max-repetitions may be 2^31-1, and not every master keeps it from its subagents. */
const varbindsAtMost = 65_536 / 12

/** One instance for each of the first ranges, then round after round for the others (§7.2.3.3). */
export function getBulk(
  registry: Registry,
  ranges: readonly SearchRange[],
  nonRepeaters: number,
  maxRepetitions: number,
): Varbind[] {
  const varbinds = ranges.slice(0, nonRepeaters).map((range) => getNext(registry, range))
  const walks = ranges.slice(nonRepeaters).map((range) => ({ range, isOver: false }))
  const rounds = Math.min(maxRepetitions, Math.ceil(varbindsAtMost / Math.max(walks.length, 1)))
  for (let round = 0; round < rounds; round++) {
    if (walks.every(({ isOver }) => isOver)) break
    for (const walk of walks) {
      const varbind = getNext(registry, walk.range)
      if (varbind.value.type === 'endOfMibView') walk.isOver = true
      else walk.range = { start: varbind.name, include: false, end: walk.range.end }
      varbinds.push(varbind)
    }
  }
  return varbinds
}
