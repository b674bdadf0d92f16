/** Kinds of values in sipd.conf: each reads the arguments of one line, and writes them again. */
import { isIPv4, isIPv6 } from 'node:net'
import { Secret } from './secret.ts'

/** A value, perhaps with a remark that becomes a warning; or what was expected, and which argument is something else. */
export type Parsed<T> =
  | { readonly value: T; readonly remark?: string | undefined }
  | { readonly expected: string; readonly at?: number }

export interface Kind<T> {
  /** What it is, for the documentation: `whole number`, `On|Off`. */
  readonly type: string
  readonly range?: string
  readonly isSecret?: boolean
  /** Takes the arguments of one line, without quotes. */
  parse(args: readonly string[]): Parsed<T>
  /** The arguments that are read as this value again; `***` for a secret. */
  format(value: T): readonly string[]
}

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** A kind with one argument. `parse` gives undefined for what is not of it. */
export function word<T>(
  type: string,
  expected: string,
  parse: (text: string) => T | undefined,
  format: (value: T) => string = String,
): Kind<T> {
  return {
    type,
    parse: (args) => {
      const value = args.length === 1 ? parse(args[0]!) : undefined
      return value === undefined ? { expected } : { value }
    },
    format: (value) => [format(value)],
  }
}

/** A whole number within bounds; the unit is for the documentation. */
export function whole(min: number, max: number, unit?: string): Kind<number> {
  const kind = word('whole number', `a whole number within ${min}..${max}`, (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  })
  return { ...kind, range: `${min}..${max}${unit ? ` ${unit}` : ''}` }
}

/** An octet or an address as hexadecimal digits after 0x. */
export function hex(max: number): Kind<number> {
  const format = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(2, '0')}`
  const range = `0x00..${format(max)}`
  const parse = (text: string): number | undefined => {
    const value = /^0x[0-9a-f]{1,8}$/i.test(text) ? Number(text) : Number.NaN
    return value <= max ? value : undefined
  }
  return { ...word('hexadecimal number', `a hexadecimal number within ${range}`, parse, format), range }
}

export const onOff: Kind<boolean> = word('On|Off', 'On or Off', readOnOff, (value) => (value ? 'On' : 'Off'))

/** One of some words, whatever their case; `same` gives other spellings and the word that each stands for. */
export function oneOf<const V extends string>(values: readonly V[], same: ReadonlyMap<string, V> = new Map()): Kind<V> {
  return word(values.join('|'), `one of ${values.join(', ')}`, (text) => {
    const wanted = text.toLowerCase()
    return values.find((value) => value.toLowerCase() === wanted) ?? same.get(wanted)
  })
}

/** Any text that is not empty. */
export function text(type = 'text'): Kind<string> {
  return word(type, `a ${type}`, (argument) => (argument === '' ? undefined : argument))
}

export const path: Kind<string> = {
  ...text('path'),
  range: 'relative to the home, or absolute',
}

export const secret: Kind<Secret> = {
  type: 'secret',
  isSecret: true,
  parse: (args) =>
    args.length === 1 && args[0] !== ''
      ? { value: new Secret(args[0]!) }
      : { expected: 'one argument, in quotes if need be' },
  format: (value) => [String(value)],
}

export const port = whole(1, 65_535)

/** A name of the DNS, without its final dot, in lower case. */
export const domain: Kind<string> = word('domain name', 'a domain name such as company.com', readDomain)

/** A name of the DNS or an address; an IPv6 address without brackets. */
export const host: Kind<string> = word('host', 'a host name or an IP address', readHost)

export const ipAddress: Kind<string> = word('IP address', 'an IP address', readAddress)

/** `port`, which is every IPv4 address of this host, `address:port` or `[address]:port`. */
export const endpoint: Kind<Endpoint> = {
  ...word(
    'endpoint',
    'a port or address:port such as 127.0.0.1:5060',
    (argument) => {
      const match = /^(?:([\d.]+):|\[([^\]]+)\]:)?(\d{1,5})$/.exec(argument)
      const number = Number(match?.[3])
      const address = match?.[1] ?? match?.[2] ?? '0.0.0.0'
      const isAddress = match?.[2] === undefined ? isIPv4(address) : isIPv6(address)
      return match && isAddress && number >= 1 && number <= 65_535 ? { address, port: number } : undefined
    },
    ({ address, port }) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`),
  ),
  range: 'port, address:port or [address]:port',
}

/** Several words on a line, parted by blanks or commas; quotes may hold several too. */
export function words(type: string, isGood: (word: string) => boolean = () => true): Kind<readonly string[]> {
  return {
    type: `${type} ...`,
    parse: (args) => {
      const value = args.flatMap((argument) => argument.split(/[\s,]+/)).filter((part) => part !== '')
      const at = args.findIndex((argument) => !argument.split(/[\s,]+/).every((part) => part === '' || isGood(part)))
      return value.length > 0 && at < 0 ? { value } : { expected: `one ${type} or several`, at: Math.max(at, 0) }
    },
    format: (value) => value,
  }
}

export const transports = ['TLS', 'TCP', 'UDP'] as const
export type Transport = (typeof transports)[number]
export const transport: Kind<Transport> = oneOf(['UDP', 'TCP', 'TLS'])

/** Transports by preference, joined by underscores: `TLS_TCP_UDP`. */
export const transportOrder: Kind<readonly Transport[]> = {
  ...word(
    'transports',
    'one to three of TLS, TCP and UDP in the order of preference, such as TLS_TCP_UDP',
    (argument) => {
      const order = argument.split('_').map((part) => transports.find((name) => name === part.toUpperCase()))
      const isGood = order.every((name) => name !== undefined) && new Set(order).size === order.length
      return isGood ? (order as Transport[]) : undefined
    },
    (order) => order.join('_'),
  ),
  range: 'one to three of TLS, TCP, UDP',
}

/** Where a log goes: a file, or the standard input of a program. */
export type Destination =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'pipe'; readonly command: string }

export const destination: Kind<Destination> = {
  ...word(
    'log',
    'a file, or "|program arguments" in quotes',
    (argument): Destination | undefined => {
      if (!argument.startsWith('|')) return argument === '' ? undefined : { kind: 'file', path: argument }
      const command = argument.slice(1).trim()
      return command === '' ? undefined : { kind: 'pipe', command }
    },
    (value) => (value.kind === 'file' ? value.path : `|${value.command}`),
  ),
  range: 'path, or "|program arguments"',
}

export const fileName = word('file name', 'the name of a file, without a folder', (text) =>
  /^[^/\0]+$/.test(text) && text !== '.' && text !== '..' ? text : undefined,
)

/** A kind that has something to say about some of its values. */
export function remarking<T>(kind: Kind<T>, remark: (value: T) => string | undefined): Kind<T> {
  return {
    ...kind,
    parse: (args) => {
      const parsed = kind.parse(args)
      return 'expected' in parsed ? parsed : { value: parsed.value, remark: remark(parsed.value) }
    },
  }
}

export function readOnOff(argument: string): boolean | undefined {
  return new Map([
    ['on', true],
    ['off', false],
  ]).get(argument.toLowerCase())
}

export function readDomain(argument: string): string | undefined {
  const name = argument.toLowerCase().replace(/\.$/, '')
  const isGood = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/.test(
    name,
  )
  return isGood && !/^[\d.]+$/.test(name) ? name : undefined
}

export function readAddress(argument: string): string | undefined {
  const bare = argument.replace(/^\[(.*)\]$/, '$1')
  return isIPv4(argument) || isIPv6(bare) ? bare : undefined
}

export function readHost(argument: string): string | undefined {
  return readAddress(argument) ?? readDomain(argument)
}
