/** The directives of sipd.conf: name, type, default and what it does. One row gives the parser, the check and the help. */
import { isIPv4 } from 'node:net'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export type Parsed<T> = { readonly value: T } | { readonly wish: string }

export interface Directive<T> {
  readonly defaultText: string
  readonly help: string
  /** May stand more than once; the values add up. */
  readonly repeatable: boolean
  parse(text: string): Parsed<T>
}

const endpoint = (defaultText: string, help: string): Directive<Endpoint> => ({
  defaultText,
  help,
  repeatable: true,
  parse: (text) => {
    const match = /^(?:([\d.]+):)?(\d{1,5})$/.exec(text)
    const port = Number(match?.[2])
    const address = match?.[1] ?? '0.0.0.0'
    const isGood = match && isIPv4(address) && port >= 1 && port <= 65_535
    return isGood ? { value: { address, port } } : { wish: 'a port or address:port such as 127.0.0.1:5060' }
  },
})

const whole = (defaultText: string, min: number, max: number, help: string): Directive<number> => ({
  defaultText,
  help,
  repeatable: false,
  parse: (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? { value } : { wish: `a whole number within ${min}..${max}` }
  },
})

const oneOf = <const V extends string>(defaultText: V, values: readonly V[], help: string): Directive<V> => ({
  defaultText,
  help,
  repeatable: false,
  parse: (text) => {
    const value = values.find((candidate) => candidate === text)
    return value === undefined ? { wish: `one of ${values.join(', ')}` } : { value }
  },
})

export const directives = {
  Listen: endpoint('127.0.0.1:5060', 'Where requests are taken over UDP; may be given several times.'),
  LogLevel: oneOf('notice', ['debug', 'info', 'notice', 'warn', 'error'], 'The least severe line that error_log gets.'),
  RegistrarMinExpires: whole('60', 0, 86_400, 'Seconds; a shorter wish is refused with 423.'),
  RegistrarMaxExpires: whole('86400', 60, 4_294_967, 'Seconds; a longer wish is cut to this.'),
  RegistrarDefaultExpires: whole('3600', 60, 4_294_967, 'Seconds, when a phone names none.'),
  RegistrarMaxContacts: whole('10', 1, 1000, 'Contacts that one address-of-record may have.'),
  RegistrarMaxUsers: whole('20000', 1, 10_000_000, 'Addresses-of-record that are kept at most.'),
} as const

export type DirectiveName = keyof typeof directives
type ValueOf<D> = D extends Directive<infer T> ? T : never
/** What is in force. */
export type SipdConfig = {
  readonly [N in DirectiveName]: N extends 'Listen' ? readonly Endpoint[] : ValueOf<(typeof directives)[N]>
}
