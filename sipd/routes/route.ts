/** A static route: the fields that the manual names, as texts in files and commands, and as values here. */
import { isIP } from 'node:net'
import { readHost } from '../config/declare/kinds.ts'
import type { TransportName } from '../message/hop.ts'
import { parseDomainPattern, parsePattern } from './pattern.ts'

/** `phone` is by the number, `ip` by the domain. */
export type RouteType = 'phone' | 'ip'

export interface Route {
  readonly type: RouteType
  /** Of a domain in plain: `foo.com`. */
  readonly pattern: string
  /** Empty where the route blocks. */
  readonly nextHop: string
  /** 0 is by SRV records. */
  readonly nextHopPort: number
  /** Undefined: what the next hop says it takes (RFC 3263). */
  readonly transport: TransportName | undefined
  /** The lowest is tried first; of equal ones the weight decides (RFC 2782). */
  readonly priority: number
  readonly weight: number
  /** What becomes of a technology prefix such as `001#` in the Request-URI. */
  readonly techPrefixAction: 'Include' | 'Strip'
  readonly allowsLessSpecific: boolean
  readonly isBlocked: boolean
  readonly isInService: boolean
  readonly label: string
}

export const mostRoutes = 20_000

/** As files and commands name the fields, in the order of an export. */
export const columns = [
  'destination_pattern',
  'type',
  'next_hop',
  'next_hop_port',
  'transport',
  'priority',
  'weight',
  'tech_prefix_action',
  'allow_less_specific',
  'block',
  'in_service',
  'label',
] as const
export type Column = (typeof columns)[number]
export type RouteTexts = Readonly<Record<Column, string>>

/** What a field has where nothing is said. */
export const defaultTexts: RouteTexts = {
  destination_pattern: '',
  type: 'phone',
  next_hop: '',
  next_hop_port: '0',
  transport: '',
  priority: '0',
  weight: '0',
  tech_prefix_action: 'Include',
  allow_less_specific: 'On',
  block: 'Off',
  in_service: 'On',
  label: '',
}

export interface FieldMistake {
  readonly column: Column
  /** "expected ..." */
  readonly expected: string
}

/** Routes are the same entry when they lead the same pattern to the same place. */
export function keyOf({ type, pattern, nextHop, nextHopPort, transport }: Route): string {
  return [type, pattern, nextHop, nextHopPort, transport ?? ''].join(' ')
}

export function formatRoute(route: Route): RouteTexts {
  return {
    destination_pattern: route.pattern,
    type: route.type,
    next_hop: route.nextHop,
    next_hop_port: String(route.nextHopPort),
    transport: route.transport ?? '',
    priority: String(route.priority),
    weight: String(route.weight),
    tech_prefix_action: route.techPrefixAction,
    allow_less_specific: onOff(route.allowsLessSpecific),
    block: onOff(route.isBlocked),
    in_service: onOff(route.isInService),
    label: route.label,
  }
}

function onOff(isOn: boolean): string {
  return isOn ? 'On' : 'Off'
}

/** Reads a route; an empty text is the default. Gives all that is wrong with it. */
export function readRoute(
  texts: Partial<RouteTexts>,
): { readonly route: Route } | { readonly mistakes: FieldMistake[] } {
  const mistakes: FieldMistake[] = []
  const textOf = (column: Column): string => texts[column] || defaultTexts[column]
  const read = <T>(column: Column, value: T | undefined, expected: string, otherwise: T): T => {
    if (value === undefined) mistakes.push({ column, expected })
    return value ?? otherwise
  }
  const number = (column: Column): number => {
    const text = textOf(column)
    const value = /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
    return read(column, value, 'a whole number from 0 to 65535', 0)
  }
  const choice = <T extends string>(column: Column, words: readonly T[], otherwise: T): T => {
    const text = textOf(column).toLowerCase()
    return read(
      column,
      words.find((word) => word.toLowerCase() === text),
      words.join(' or '),
      otherwise,
    )
  }
  const isOn = (column: Column): boolean => choice(column, ['On', 'Off'], 'Off') === 'On'

  const type = choice('type', ['phone', 'ip'], 'phone')
  const isBlocked = isOn('block')
  const transport = textOf('transport') === '' ? undefined : choice('transport', ['UDP', 'TCP', 'TLS'], 'UDP')
  const route: Route = {
    type,
    pattern: patternOf(type, textOf('destination_pattern'), mistakes),
    nextHop:
      isBlocked && textOf('next_hop') === '' ? '' : read('next_hop', hostOf(textOf('next_hop')), hopExpected, ''),
    nextHopPort: number('next_hop_port'),
    transport,
    priority: number('priority'),
    weight: number('weight'),
    techPrefixAction: choice('tech_prefix_action', ['Include', 'Strip'], 'Include'),
    allowsLessSpecific: isOn('allow_less_specific'),
    isBlocked,
    isInService: isOn('in_service'),
    label: read('label', labelOf(textOf('label')), 'at most 64 characters, none of them a control character', ''),
  }
  return mistakes.length > 0 ? { mistakes } : { route }
}

const hopExpected = 'a host name or an address, such as gw1.example.com or 192.0.2.7'

function patternOf(type: RouteType, text: string, mistakes: FieldMistake[]): string {
  const column = 'destination_pattern'
  if (type === 'ip') {
    const domain = parseDomainPattern(text)
    if (domain === undefined) mistakes.push({ column, expected: 'a domain, such as foo.com; an address never matches' })
    return domain ?? ''
  }
  const pattern = parsePattern(text)
  if (!('expected' in pattern)) return pattern.text
  mistakes.push({ column, expected: `${pattern.expected} (character ${pattern.at + 1})` })
  return ''
}

function hostOf(text: string): string | undefined {
  const host = readHost(text)
  // Brackets are how an IPv6 address is written, not what it is.
  return host !== undefined && isIP(host) === 0 ? host.toLowerCase() : host
}

function labelOf(text: string): string | undefined {
  return text.length <= 64 && !/\p{Cc}/u.test(text) ? text : undefined
}
