/** Number expansion (NumExp): short numbers become long ones, for look-ups only. */

export interface ExpansionRule {
  /** The ID of its <NumberPlan>. */
  readonly plan: string
  /** Digits, and a dot for any digit. */
  readonly pattern: string
  /** What a number becomes: its last dots stand for what the dots of the pattern matched. */
  readonly expanded: string
}

export class NumberExpansion {
  /** The most specific first: with the most digits written out, and of as many the one that stands first in the file. */
  readonly rules: readonly ExpansionRule[]

  constructor(rules: readonly ExpansionRule[]) {
    const digits = ({ pattern }: ExpansionRule): number => pattern.replaceAll('.', '').length
    this.rules = rules
      .map(({ plan, pattern, expanded }) => ({
        plan,
        pattern: pattern.replaceAll('-', ''),
        expanded: expanded.replaceAll('-', ''),
      }))
      .toSorted((one, other) => digits(other) - digits(one))
  }

  /** The rule that a number is expanded by: one alone, and what it gives is not expanded again. */
  ruleFor(number: string): ExpansionRule | undefined {
    return this.rules.find(({ pattern }) => isMatch(pattern, number))
  }

  expand(number: string): string {
    const rule = this.ruleFor(number)
    return rule ? filledIn(rule, number) : number
  }
}

function isMatch(pattern: string, number: string): boolean {
  if (pattern.length !== number.length) return false
  for (let i = 0; i < pattern.length; i++) {
    const wanted = pattern[i]
    if (wanted === '.' ? !isDigit(number.charCodeAt(i)) : wanted !== number[i]) return false
  }
  return true
}

function filledIn({ pattern, expanded }: ExpansionRule, number: string): string {
  const matched = [...number].filter((_, i) => pattern[i] === '.')
  const dots = expanded.split('.').length - 1
  const used = matched.slice(matched.length - dots)
  return expanded.replace(/\./g, () => used.shift() ?? '')
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
