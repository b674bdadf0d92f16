/** Who is told of an incident, when and how: the first line of alerts.cnf that fits. */
import type { Hours } from './hours.ts'
import { isWithin } from './hours.ts'
import type { Severity } from './kinds.ts'

export interface Rule {
  readonly name: string
  /** The name of a notification, or of a kind of incident; `*` is all. */
  readonly notification: string
  /** A part of the sentence, such as the name of a process; empty fits all. */
  readonly about: string
  readonly severity: Severity | 'asIs' | 'ignore'
  readonly hours: Hours
  readonly to: readonly string[]
  readonly remindMinutes: number
  readonly escalateMinutes: number
  readonly escalateTo: readonly string[]
}

export interface Subject {
  readonly notification: string
  readonly kind: string
  readonly sentence: string
}

/** Undefined where no line fits: nobody is told then. */
export function ruleFor(rules: readonly Rule[], { notification, kind, sentence }: Subject, at: Date): Rule | undefined {
  return rules.find(
    (rule) =>
      ['*', notification, kind].includes(rule.notification) &&
      sentence.includes(rule.about) &&
      isWithin(rule.hours, at),
  )
}
