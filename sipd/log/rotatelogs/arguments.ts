/** The words after `rotatelogs`. */
import { printable } from '../../../lib/text/escape.ts'
import type { RotationRule } from './rotator.ts'

export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'rotate'; readonly path: string; readonly rule: RotationRule }
  | { readonly kind: 'wrong'; readonly message: string }

/** The ancestor's: a day. */
const defaultEvery = '86400'
const unitOctets: Readonly<Record<string, number>> = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

export function parseInvocation(args: readonly string[]): Invocation {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' }
  if (args.includes('--version')) return { kind: 'version' }
  const [path, when = defaultEvery, offset = '0', ...more] = args
  if (path === undefined) return wrong('which file?')
  // An offset from UTC may begin with a hyphen, an option does with a letter after it.
  const option = args.find((word) => /^-+[A-Za-z]/.test(word))
  if (option !== undefined) return wrong(`there is no option ${option}`)
  if (path.includes('%')) return wrong(`${path}: patterns of times are not known here; the unix time is appended`)
  if (more.length > 0) return wrong(`what is ${more.join(' ')} to mean?`)
  const size = /^(\d{1,15})([BKMG])$/.exec(when)
  if (size) {
    const maxOctets = Number(size[1]) * unitOctets[size[2]!]!
    if (args.length > 2) return wrong('an offset goes with seconds, not with a size')
    return maxOctets > 0 ? { kind: 'rotate', path, rule: { maxOctets } } : wrong(`${when} is no size`)
  }
  const everySeconds = /^\d{1,10}$/.test(when) ? Number(when) : 0
  if (everySeconds === 0) return wrong(`expected seconds such as 86400 or a size such as 5M, got ${printable(when)}`)
  if (!/^[+-]?\d{1,4}$/.test(offset)) return wrong(`${offset} is no number of minutes from UTC`)
  return { kind: 'rotate', path, rule: { everySeconds, offsetSeconds: Number(offset) * 60 } }
}

function wrong(message: string): Invocation {
  return { kind: 'wrong', message }
}
