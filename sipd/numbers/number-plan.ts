/** Telephone numbers among the users of URIs: which users are numbers, and as what they are looked up. */
import type { SipUri } from '../message/uri.ts'
import { type ExpansionRule, NumberExpansion } from './expansion.ts'

export const interpretations = ['IP_164', 'E164_IP', 'IP', 'E164'] as const
/** NumericUsernameInterpretation: IP is a name at its host, E164 a telephone number; of two the first is tried first. */
export type Interpretation = (typeof interpretations)[number]

export interface NumberPlanOptions {
  readonly interpretation: Interpretation
  /** NumericUsernameCharacterSet. */
  readonly characters: string
  /** None where Cisco_Numexpand is off. */
  readonly rules: readonly ExpansionRule[]
}

/** One way to look a user up. */
export interface Reading {
  readonly kind: 'number' | 'name'
  /** A number is expanded, and has no visual separators. */
  readonly user: string
}

/** Of RFC 3966, as what `;user=phone` may say of a user; a name that says so stays a name. */
const telephoneNumber = /^\+?[0-9A-Fa-f*#.()-]*[0-9][0-9A-Fa-f*#.()-]*$/
const separators = /[-.()]/g
/** One to three digits and `#`, which gateways choose by; the rest is the number. */
const techPrefix = /^\d{1,3}#(?=.)/

const defaults: NumberPlanOptions = { interpretation: 'E164_IP', characters: '+0123456789.-()', rules: [] }

export class NumberPlan {
  readonly expansion: NumberExpansion
  readonly interpretation: Interpretation
  readonly #characters: ReadonlySet<string>
  readonly #onExpanded: ((number: string, expanded: string) => void) | undefined

  /** `onExpanded` hears of each number that a rule expanded. */
  constructor(options: NumberPlanOptions = defaults, onExpanded?: (number: string, expanded: string) => void) {
    const { interpretation, characters, rules } = options
    this.#onExpanded = onExpanded
    this.interpretation = interpretation
    this.expansion = new NumberExpansion(rules)
    this.#characters = new Set(characters)
  }

  /** As what the user of a URI is looked up, in order; a user that is no number has one reading, which is itself. */
  readingsOf({ user = '', parameters }: Pick<SipUri, 'user' | 'parameters'>): readonly Reading[] {
    const kinds = this.#kindsOf(user, parameters.get('user'))
    const readings = kinds.map((kind): Reading => ({ kind, user: kind === 'number' ? this.numberOf(user) : user }))
    const [first, second] = readings
    return first && second?.user === first.user ? [{ kind: 'number', user: first.user }] : readings
  }

  /** The user under which its registration is kept: that of the first reading. */
  keyOf({ user = '', parameters }: Pick<SipUri, 'user' | 'parameters'>): string {
    return this.#kindsOf(user, parameters.get('user'))[0] === 'number' ? this.numberOf(user) : user
  }

  /** A user as the number that is looked up: without visual separators, expanded. */
  numberOf(user: string): string {
    const number = user.replace(separators, '')
    const expanded = this.expansion.expand(number)
    if (expanded !== number) this.#onExpanded?.(number, expanded)
    return expanded
  }

  /** Whether all characters are those of telephone numbers (NumericUsernameCharacterSet), and one of them is a digit. */
  isNumeric(user: string): boolean {
    let hasDigit = false
    for (const character of user.replace(techPrefix, '')) {
      if (!this.#characters.has(character)) return false
      hasDigit ||= character >= '0' && character <= '9'
    }
    return hasDigit
  }

  #kindsOf(user: string, parameter: string | undefined): readonly Reading['kind'][] {
    const said = parameter?.toLowerCase()
    if (said === 'phone' && telephoneNumber.test(user)) return asNumber
    if (said === 'phone' || said === 'ip' || !this.isNumeric(user)) return asName
    return kindsOf[this.interpretation]
  }
}

const asNumber = ['number'] as const
const asName = ['name'] as const
const kindsOf: Readonly<Record<Interpretation, readonly Reading['kind'][]>> = {
  IP_164: ['name', 'number'],
  E164_IP: ['number', 'name'],
  IP: asName,
  E164: asNumber,
}

/** A number that is the same everywhere: it is one user, whichever domain of ours it is asked for at. */
export function isE164(user: string): boolean {
  return user.startsWith('+') && /^\+\d+$/.test(user)
}

/** A number without its technology prefix; undefined when it has none. */
export function withoutTechPrefix(user: string): string | undefined {
  const rest = user.replace(techPrefix, '')
  return rest === user ? undefined : rest
}
