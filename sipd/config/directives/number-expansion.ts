/** The directives of number expansion: short numbers into long ones, by plan. */
import { container, many, one } from '../declare/directive.ts'
import { type Kind, onOff, text } from '../declare/kinds.ts'

const inForce = 'number expansion is not implemented yet'

export interface NumberExpansion {
  /** Digits, and a dot for any digit. */
  readonly pattern: string
  /** What it becomes: the last dots stand for what the dots of the pattern matched. */
  readonly expanded: string
}

const numberPattern = /^\+?[\d.*#-]+$/

const expansion: Kind<NumberExpansion> = {
  type: 'pattern expanded',
  range: 'digits, and a dot for any digit',
  parse: ([pattern = '', expanded = '', ...more]) => {
    const texts = [pattern, expanded]
    const at = texts.findIndex((part) => !numberPattern.test(part))
    if (at >= 0 || more.length > 0)
      return { expected: 'two patterns of digits and dots, such as 2... +1919392...', at: Math.max(at, 0) }
    // More wildcards than were matched could not be filled in.
    const [matched, used] = texts.map((part) => part.split('.').length - 1) as [number, number]
    if (used > matched)
      return { expected: `an expansion with ${matched} dots at most, as many as its pattern has`, at: 1 }
    return { value: { pattern, expanded } }
  },
  format: ({ pattern, expanded }) => [pattern, expanded],
}

export const numberExpansion = {
  Cisco_Numexpand: one(onOff, 'On', { help: 'Expand numbers.', changes: 'reload', inForce }),
  NumberPlan: container(
    {
      key: 'id',
      argument: text('name'),
      inside: {
        NumExp: many(
          expansion,
          { help: 'a pattern, and what a number that matches it becomes', changes: 'reload', inForce: true },
          { keyOf: ({ pattern }) => pattern },
        ),
      },
    },
    { help: 'A plan of number expansion.', changes: 'reload', inForce },
  ),
} as const
