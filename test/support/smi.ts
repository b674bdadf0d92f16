/** A small reader of SMIv2 module text: enough to hold declarations against what a manager loads. */

export interface SmiObject {
  readonly name: string
  readonly oid: string
  readonly kind: 'object' | 'notification'
  readonly access?: string
  readonly syntax?: string
  readonly named?: Readonly<Record<string, number>>
  readonly range?: string
  readonly index?: readonly string[]
  readonly objects?: readonly string[]
}

const roots: Readonly<Record<string, string>> = {
  iso: '1',
  internet: '1.3.6.1',
  mgmt: '1.3.6.1.2',
  'mib-2': '1.3.6.1.2.1',
  enterprises: '1.3.6.1.4.1',
  snmpV2: '1.3.6.1.6',
  snmpDomains: '1.3.6.1.6.1',
  snmpModules: '1.3.6.1.6.3',
  transmission: '1.3.6.1.2.1.10',
  interfaces: '1.3.6.1.2.1.2',
  snmpFrameworkMIB: '1.3.6.1.6.3.10',
}

/** Objects and notifications of these modules, by name; modules that others import from come first. */
export function readModules(texts: readonly string[]): Map<string, SmiObject> {
  const oids = new Map(Object.entries(roots))
  const found = new Map<string, SmiObject>()
  for (const text of texts) {
    // In one pass, for strings contain -- and comments contain quotes.
    const bare = text.replace(/"[^"]*"|--.*$/gm, (found) => (found.startsWith('"') ? '""' : ''))
    const pattern =
      /(?:^|\n)\s*([a-z][\w-]*)\s+(OBJECT-TYPE|NOTIFICATION-TYPE|MODULE-IDENTITY|OBJECT-IDENTITY|OBJECT-GROUP|NOTIFICATION-GROUP|MODULE-COMPLIANCE|OBJECT\s+IDENTIFIER(?=\s*::=))\b((?:(?!::=)[\s\S])*)::=\s*\{([^}]*)\}/g
    for (const [, name = '', macro = '', body = '', value = ''] of bare.matchAll(pattern)) {
      const oid = resolve(value, oids)
      if (!oid) continue
      oids.set(name, oid)
      if (macro === 'OBJECT-TYPE') found.set(name, readObject(name, oid, body))
      if (macro === 'NOTIFICATION-TYPE') {
        found.set(name, { name, oid, kind: 'notification', objects: names(/OBJECTS\s*\{([^}]*)\}/.exec(body)?.[1]) })
      }
    }
  }
  return found
}

function readObject(name: string, oid: string, body: string): SmiObject {
  const [, syntax = ''] = /SYNTAX\s+([\s\S]*?)\s+(?:UNITS|MAX-ACCESS|ACCESS)\b/.exec(body) ?? []
  const access = /(?:MAX-)?ACCESS\s+([\w-]+)/.exec(body)?.[1] ?? ''
  const type = /^(?:OCTET STRING|OBJECT IDENTIFIER|SEQUENCE OF|[\w-]+)/.exec(syntax)?.[0] ?? ''
  const named = /\{([^}]*)\}/.exec(syntax)?.[1]
  const range = /\(\s*(?:SIZE\s*\()?([^()]*)\)/.exec(syntax.replace(/\{[^}]*\}/, ''))?.[1]
  const index = /INDEX\s*\{([^}]*)\}/.exec(body)?.[1]
  return {
    name,
    oid,
    kind: 'object',
    access,
    syntax: type,
    ...(named
      ? { named: Object.fromEntries([...named.matchAll(/([\w-]+)\s*\((-?\d+)\)/g)].map(([, n, v]) => [n, Number(v)])) }
      : {}),
    ...(range ? { range: range.replace(/\s+/g, '') } : {}),
    ...(index ? { index: names(index) } : {}),
  }
}

function resolve(value: string, oids: ReadonlyMap<string, string>): string | undefined {
  const [parent = '', ...rest] = value
    .trim()
    .split(/\s+/)
    .map((part) => /\((\d+)\)/.exec(part)?.[1] ?? part)
  const base = /^\d+$/.test(parent) ? parent : oids.get(parent)
  return base === undefined ? undefined : [base, ...rest].join('.')
}

function names(list = ''): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
