/** The directives of access control: whose requests are taken, and who gets to know who calls. */
import { isIPv4 } from 'node:net'
import { many, one } from '../declare/directive.ts'
import { type Kind, oneOf, readAddress, readDomain } from '../declare/kinds.ts'

const inForce = 'access control is to come'

export interface AccessRule {
  /** `from`: whose requests are taken. `to`: who may get headers that a caller wants kept private. */
  readonly direction: 'from' | 'to'
  /** `all`, or names of domains, whole or partial addresses, networks with a mask or a length. */
  readonly hosts: readonly string[]
}

/** `all`, a domain or its end, an address or its beginning, address/netmask, or address/length. */
export function isHostPattern(pattern: string): boolean {
  if (pattern.toLowerCase() === 'all' || readAddress(pattern) !== undefined) return true
  if (readDomain(pattern.replace(/^\./, '')) !== undefined) return true
  if (/^(\d{1,3}\.){0,2}\d{1,3}\.?$/.test(pattern)) return pattern.split('.').every((octet) => Number(octet) <= 255)
  const [address = '', mask = '', ...more] = pattern.split('/')
  const most = readAddress(address)?.includes(':') ? 128 : 32
  const isMask = isIPv4(mask) || (/^\d{1,3}$/.test(mask) && Number(mask) <= most)
  return readAddress(address) !== undefined && isMask && more.length === 0
}

const accessRule: Kind<AccessRule> = {
  type: 'from|to host ...',
  range: 'all, company.com, 10.1.2.3, 10.1, 10.1.0.0/255.255.0.0, 10.1.0.0/16',
  parse: ([word = '', ...hosts]) => {
    const direction = word.toLowerCase()
    if (direction !== 'from' && direction !== 'to') return { expected: 'from or to, and then hosts' }
    const at = hosts.findIndex((host) => !isHostPattern(host))
    if (hosts.length === 0 || at >= 0)
      return { expected: 'all, domains, addresses or networks after from or to', at: Math.max(at, 0) + 1 }
    return { value: { direction, hosts } }
  },
  format: ({ direction, hosts }) => [direction, ...hosts],
}

const orders = oneOf(['Deny,Allow', 'Allow,Deny'])
/** A blank after the comma is a slip of the ancestor's own example, and plain enough. */
const order: typeof orders = { ...orders, parse: (args) => orders.parse([args.join('')]) }

export const accessControl = {
  Order: one(order, 'Deny,Allow', {
    help: 'Which rules are looked at last and so win; and whether who matches none may: Deny,Allow yes, Allow,Deny no.',
    changes: 'reload',
    inForce,
  }),
  Allow: many(accessRule, {
    help: 'Whose requests are taken; after to, who may get private headers.',
    changes: 'reload',
    inForce,
  }),
  Deny: many(accessRule, { help: 'Whose are not; after to, who may not.', changes: 'reload', inForce }),
  Satisfy: one(oneOf(['All', 'Any']), 'All', {
    help: 'Access control and authentication both, or one of them.',
    changes: 'reload',
    inForce,
  }),
} as const
