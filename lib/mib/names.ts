/** Names of objects and back, from declarations: what the tools print and take, and what files may say for an OID. */
import { castellanArc } from '../smi/enterprise.ts'
import { compareOid, formatOid, type Oid, oid, parseOid, startsWith } from '../smi/oid.ts'
import type { SnmpValue } from '../smi/value.ts'
import type { BoundColumn, Definition, Notification } from './declare.ts'

const wellKnown: readonly (readonly [string, string])[] = [
  ['iso', '1'],
  ['org', '1.3'],
  ['dod', '1.3.6'],
  ['internet', '1.3.6.1'],
  ['mgmt', '1.3.6.1.2'],
  ['mib-2', '1.3.6.1.2.1'],
  ['sysApplInstalled', '1.3.6.1.2.1.54.1.1'], // groups that the ancestor's manual walks
  ['sysApplMap', '1.3.6.1.2.1.54.1.3'],
  ['private', '1.3.6.1.4'],
  ['enterprises', '1.3.6.1.4.1'],
  ['snmpV2', '1.3.6.1.6'],
  ['snmpModules', '1.3.6.1.6.3'],
  ['snmpTrapOID', '1.3.6.1.6.3.1.1.4.1'],
  ['castellan', castellanArc],
]

interface Named {
  readonly name: string
  readonly oid: Oid
  readonly object: BoundColumn | undefined
  readonly kind: 'arc' | 'table' | 'object' | 'notification'
}

export class Names {
  readonly #byName = new Map<string, Named>()
  readonly #sorted: readonly Named[]

  constructor(definitions: readonly Definition[], notifications: readonly Notification[] = []) {
    const named: Named[] = wellKnown.map(([name, dotted]) => ({
      name,
      oid: oid(dotted),
      object: undefined,
      kind: 'arc' as const,
    }))
    for (const definition of definitions) {
      if (definition.kind === 'table') {
        named.push({ name: definition.name, oid: definition.entry.slice(0, -1), object: undefined, kind: 'table' })
      }
      // A group of scalars may have other groups below it that nobody declared.
      const kind = definition.kind === 'table' ? 'table' : 'arc'
      named.push({ name: definition.entryName, oid: definition.entry, object: undefined, kind })
      for (const { name, entryName, entry } of definition.dependents) {
        named.push({ name, oid: entry.slice(0, -1), object: undefined, kind: 'table' })
        named.push({ name: entryName, oid: entry, object: undefined, kind: 'table' })
      }
      const objects = Object.values(definition.columns).filter(({ access }) => access !== 'not-accessible')
      for (const object of objects) named.push({ name: object.name, oid: object.oid, object, kind: 'object' })
    }
    for (const { name, oid } of notifications) named.push({ name, oid, object: undefined, kind: 'notification' })
    for (const entry of named) if (!this.#byName.has(entry.name)) this.#byName.set(entry.name, entry)
    this.#sorted = named.toSorted((a, b) => compareOid(a.oid, b.oid))
  }

  /** `1.3.6`, `.1.3.6`, `sysDescr`, `sysDescr.0`, `critAppOperStatus.1`. */
  resolve(text: string): Oid | undefined {
    const numeric = parseOid(text)
    if (numeric) return numeric
    const [, name, rest] = /^([A-Za-z][\w-]*)((?:\.\d+)*)$/.exec(text) ?? []
    const found = name === undefined ? undefined : this.#byName.get(name)
    if (!found) return undefined
    const suffix = rest ? parseOid(rest) : []
    return suffix ? [...found.oid, ...suffix] : undefined
  }

  /** What an OID stands for: `unknown` where it may be an object of somebody else's, `other` where it is none of ours. */
  kindOf(oid: Oid): 'object' | 'notification' | 'other' | 'unknown' {
    const nearest = this.#nearest(oid)
    if (!nearest) return 'unknown'
    if (nearest.object) return 'object'
    const isExact = nearest.oid.length === oid.length
    if (nearest.kind === 'arc') return isExact ? 'other' : 'unknown'
    return nearest.kind === 'notification' && isExact ? 'notification' : 'other'
  }

  objectOf(oid: Oid): BoundColumn | undefined {
    return this.#nearest(oid)?.object
  }

  /** `sysDescr.0`; the OID itself where nothing is known. */
  format(oid: Oid): string {
    const nearest = this.#nearest(oid)
    if (!nearest) return formatOid(oid)
    const rest = oid.slice(nearest.oid.length)
    return rest.length === 0 ? nearest.name : `${nearest.name}.${formatOid(rest)}`
  }

  /** A value as people read it, by the syntax of its object. */
  formatValue(oid: Oid, value: SnmpValue): string {
    const object = this.objectOf(oid)
    if (object?.secret) return '***'
    const decoded = object?.syntax
    if (decoded) {
      const read = decoded.fromSnmp(value)
      if ('value' in read && value.type !== 'ObjectIdentifier') return decoded.format(read.value)
    }
    switch (value.type) {
      case 'Null':
      case 'noSuchObject':
      case 'noSuchInstance':
      case 'endOfMibView':
        return value.type
      case 'OctetString':
      case 'Opaque': {
        const isText = value.value.every((octet) => octet >= 0x20 && octet < 0x7f)
        return isText
          ? Buffer.from(value.value).toString('latin1')
          : Buffer.from(value.value)
              .toString('hex')
              .replace(/..(?=.)/g, '$&:')
      }
      case 'IpAddress':
        return value.value.join('.')
      case 'ObjectIdentifier':
        return this.format(value.value)
      default:
        return String(value.value)
    }
  }

  #nearest(oid: Oid): Named | undefined {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareOid(this.#sorted[middle]!.oid, oid) <= 0) low = middle + 1
      else high = middle
    }
    for (let at = low - 1; at >= 0; at--) {
      const candidate = this.#sorted[at]!
      if (startsWith(oid, candidate.oid)) return candidate
    }
    return undefined
  }
}
