/** One object at a time, as values and at once: how those within the agent read what is served in its own process. */

import type { Registry } from '../../lib/mib/registry.ts'
import type { View } from '../../lib/mib/view.ts'
import { type Oid, startsWith } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'

/** RFC 3416 §4.2.1 for one name; 'elsewhere' when it belongs to what a subagent serves. */
export function getHere(registry: Registry, view: View, name: Oid): SnmpValue | 'elsewhere' {
  const located = registry.locate(name, 0, name.length)
  const owner = located < 0 ? undefined : registry.objects[located]!
  if (!owner) return { type: 'noSuchObject' }
  if (owner.remote) return 'elsewhere'
  const decision = view.decide(owner)
  if (decision === 'out') return { type: 'noSuchObject' }
  const position = owner.find(name, owner.oid.length, name.length - owner.oid.length)
  if (position < 0) return { type: 'noSuchInstance' }
  return decision === 'in' || view.includes(name) ? owner.valueAt(position) : { type: 'noSuchObject' }
}

/** RFC 3416 §4.2.2 for one name; 'elsewhere' when what a subagent serves comes before the next instance here. */
export function getNextHere(registry: Registry, view: View, name: Oid): Varbind | 'elsewhere' {
  const { objects } = registry
  const located = registry.locate(name, 0, name.length)
  for (let at = located < 0 ? -located - 1 : located; at < objects.length; at++) {
    const owner = objects[at]!
    const decision = view.decide(owner.remote ?? owner)
    if (decision === 'out') continue
    if (owner.remote) return 'elsewhere'
    const isWithin = startsWith(name, owner.oid)
    let position = isWithin ? owner.after(name, owner.oid.length, name.length - owner.oid.length) : owner.next(0)
    while (position >= 0 && decision === 'mixed' && !view.includes(owner.nameOf(position)))
      position = owner.next(position + 1)
    if (position >= 0) return { name: owner.nameOf(position), value: owner.valueAt(position) }
  }
  return { name, value: { type: 'endOfMibView' } }
}
