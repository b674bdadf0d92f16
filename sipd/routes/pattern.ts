/** Destination patterns: of telephone numbers, and of domains. */
import { isDigit } from '../numbers/expansion.ts'

/** `9..`, `+1408......`, `9*`, `\*69`. */
export interface Pattern {
  /** As it is written. */
  readonly text: string
  /** What it matches from the left: `.` is any digit, everything else itself. */
  readonly label: string
  /** It ends with `*`: one digit more, or any number of them. */
  readonly isOpen: boolean
  /** Characters that are not wildcards. */
  readonly literals: number
}

export const longestPattern = 64

/** What the pattern lacks to be one, as "expected ..." has it. */
export interface PatternMistake {
  readonly expected: string
  /** Of the character that is wrong, from 0. */
  readonly at: number
}

/** Reads the pattern of a route of type phone. */
export function parsePattern(text: string): Pattern | PatternMistake {
  if (text === '') return { expected: 'a pattern of digits, such as +1408...... or 9*', at: 0 }
  if (text.length > longestPattern) return { expected: `at most ${longestPattern} characters`, at: longestPattern }
  let label = ''
  let literals = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '*' && at === text.length - 1) return { text, label, isOpen: true, literals }
    const mistake = mistakeAt(text, at)
    if (mistake !== undefined) return { expected: mistake, at }
    if (character !== '.') literals++
    if (character === '\\') at++
    label += text.charAt(at)
  }
  return { text, label, isOpen: false, literals }
}

function mistakeAt(text: string, at: number): string | undefined {
  const character = text.charAt(at)
  if (character === '\\') return text[at + 1] === '*' ? undefined : '\\* for a star, the only character that takes a \\'
  if (character === '*') return 'the wildcard * as the last character only; \\* is a star'
  if (/[-()]/.test(character)) return 'no ( ) or -: they are removed from a number before it is looked up'
  if (character === '[') return 'no [ ]: write . for any digit, or a route for each digit'
  return /[0-9A-Za-z+#.]/.test(character) ? undefined : 'digits, + # or letters, and the wildcards . and *'
}

/** Why a number is not matched, in words; undefined when it is. */
export function whyNot({ label, isOpen }: Pattern, number: string): string | undefined {
  for (let i = 0; i < label.length; i++) {
    const wanted = label.charAt(i)
    const found = number.charAt(i)
    if (found === '')
      return `the number has ${number.length} characters, the pattern wants ${isOpen ? 'more' : label.length}`
    if (wanted === '.' ? isDigit(number.charCodeAt(i)) : wanted === found) continue
    return `character ${i + 1} is ${found}, the pattern wants ${wanted === '.' ? 'a digit' : wanted}`
  }
  const rest = number.slice(label.length)
  if (!isOpen)
    return rest === '' ? undefined : `the number has ${number.length} characters, the pattern ${label.length}`
  return /^\d+$/.test(rest) ? undefined : `* wants one digit or more after ${label || 'the beginning'}`
}

/**
 * Reads the pattern of a route of type ip, in any of the forms in use: `foo.com`, `*.foo.com`, and reversed `.com.foo.*`. Gives the
 * domain in plain; `*` stands for all. Undefined when it is none.
 */
export function parseDomainPattern(text: string): string | undefined {
  const written = text.toLowerCase()
  if (written === '*') return '*'
  const domain = written.startsWith('.')
    ? written.slice(1).replace(/\.\*$/, '').split('.').reverse().join('.')
    : written.replace(/^\*\./, '').replace(/\.$/, '')
  const isGood = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*$/.test(domain)
  return isGood && !/^[\d.]+$/.test(domain) ? domain : undefined
}

/** The domains that a host is in, the longest first, and `*` at last. An address is in none. */
export function domainsOf(host: string): readonly string[] {
  if (host.includes(':') || /^[\d.]+$/.test(host)) return []
  const labels = host.toLowerCase().replace(/\.$/, '').split('.')
  return [...labels.map((_, i) => labels.slice(i).join('.')), '*']
}
