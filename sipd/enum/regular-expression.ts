/**
 * POSIX extended regular expressions, as NAPTR records have them (RFC 3402 §3.2). Matched by ourselves: whoever writes a record may
 * write an expression that keeps a backtracking engine busy for years, and this one stops after so many steps.
 */

export interface ExpressionMatch {
  /** What the whole matched, then each group; undefined for one that took no part. */
  readonly groups: readonly (string | undefined)[]
}

/** The expression cannot be understood, or is too much work. */
export class ExpressionError extends Error {}

/** Goes on where something matched; false makes it try otherwise. */
type Continue = (at: number) => boolean
type Matcher = (state: State, at: number, go: Continue) => boolean

interface State {
  readonly text: string
  readonly starts: number[]
  readonly ends: number[]
  steps: number
}

const mostSteps = 20_000
/** A character string of a NAPTR record has no more. */
const longest = 255
const mostRepeats = 64
const mostDepth = 16

/** The first match from the left; undefined when there is none. Throws an ExpressionError. */
export function matchExpression(expression: string, text: string, ignoresCase: boolean): ExpressionMatch | undefined {
  if (expression.length > longest || text.length > longest) throw new ExpressionError('it is too long')
  const { matcher, groupCount } = new Parser(expression, ignoresCase).parse()
  const state: State = { text, starts: [], ends: [], steps: 0 }
  for (let start = 0; start <= text.length; start++) {
    state.starts.length = 0
    state.ends.length = 0
    let end = -1
    const isMatch = matcher(state, start, (at) => {
      end = at
      return true
    })
    if (!isMatch) continue
    const groups: (string | undefined)[] = [text.slice(start, end)]
    for (let group = 1; group <= groupCount; group++) {
      const [from, to] = [state.starts[group], state.ends[group]]
      groups.push(from === undefined || to === undefined ? undefined : text.slice(from, to))
    }
    return { groups }
  }
  return undefined
}

class Parser {
  readonly #expression: string
  readonly #ignoresCase: boolean
  #at = 0
  #groups = 0
  #depth = 0

  constructor(expression: string, ignoresCase: boolean) {
    this.#expression = expression
    this.#ignoresCase = ignoresCase
  }

  parse(): { readonly matcher: Matcher; readonly groupCount: number } {
    const matcher = this.#alternatives()
    if (this.#at < this.#expression.length) throw new ExpressionError('a ) has no (')
    return { matcher, groupCount: this.#groups }
  }

  #alternatives(): Matcher {
    if (++this.#depth > mostDepth) throw new ExpressionError('its groups are too deep')
    const branches = [this.#sequence()]
    while (this.#takes('|')) branches.push(this.#sequence())
    this.#depth--
    const [only] = branches
    if (only && branches.length === 1) return only
    return (state, at, go) => branches.some((branch) => branch(state, at, go))
  }

  #sequence(): Matcher {
    const parts: Matcher[] = []
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next())
      parts.push(this.#repeated(this.#atom()))
    return parts.reduceRight<Matcher>(
      (rest, part) => (state, at, go) => part(state, at, (after) => rest(state, after, go)),
      (_, at, go) => go(at),
    )
  }

  #atom(): Matcher {
    const character = this.#expression.charAt(this.#at++)
    switch (character) {
      case '(': {
        const group = ++this.#groups
        const inside = this.#alternatives()
        if (!this.#takes(')')) throw new ExpressionError('a ( has no )')
        return grouped(group, inside)
      }
      case '^':
        return (_, at, go) => at === 0 && go(at)
      case '$':
        return (state, at, go) => at === state.text.length && go(at)
      case '.':
        return one(() => true)
      case '[':
        return one(this.#set())
      case '*':
      case '+':
      case '?':
      case '{':
        throw new ExpressionError(`nothing stands before ${character}`)
      case '\\': {
        const escaped = this.#expression.charAt(this.#at++)
        if (escaped === '') throw new ExpressionError('a \\ stands at its end')
        return one(this.#is(escaped))
      }
      default:
        return one(this.#is(character))
    }
  }

  #repeated(atom: Matcher): Matcher {
    const next = this.#next()
    if (next === '*' || next === '+' || next === '?') {
      this.#at++
      return repeat(atom, next === '+' ? 1 : 0, next === '?' ? 1 : Number.POSITIVE_INFINITY)
    }
    if (next !== '{') return atom
    const [bounds = '', low = '', comma, high = ''] =
      /^\{(\d{1,3})(,?)(\d{0,3})\}/.exec(this.#expression.slice(this.#at)) ?? []
    const least = Number(low)
    const most = comma === '' ? least : high === '' ? Number.POSITIVE_INFINITY : Number(high)
    if (bounds === '' || least > mostRepeats || most < least) throw new ExpressionError('its { } has no bounds')
    this.#at += bounds.length
    return repeat(atom, least, most)
  }

  #is(wanted: string): (character: string) => boolean {
    if (!this.#ignoresCase) return (character) => character === wanted
    const folded = wanted.toLowerCase()
    return (character) => character.toLowerCase() === folded
  }

  /** What stands between [ and ]. */
  #set(): (character: string) => boolean {
    const isNegated = this.#takes('^')
    const members: ((character: string) => boolean)[] = []
    for (let isFirst = true; isFirst || this.#next() !== ']'; isFirst = false) members.push(this.#member())
    this.#at++
    return (character) => members.some((isMember) => isMember(character)) !== isNegated
  }

  #member(): (character: string) => boolean {
    const rest = this.#expression.slice(this.#at)
    if (rest === '') throw new ExpressionError('a [ has no ]')
    const [name = '', word = ''] = /^\[:([a-z]+):\]/.exec(rest) ?? []
    const named = classes.get(word)
    if (named) {
      this.#at += name.length
      return (character) => named.test(character)
    }
    const [range = '', from = '', to = ''] = /^(.)-([^\]])/s.exec(rest) ?? []
    if (range !== '') {
      this.#at += range.length
      return this.#between(from, to)
    }
    this.#at++
    return this.#is(rest.charAt(0))
  }

  #between(from: string, to: string): (character: string) => boolean {
    const isIn = (character: string): boolean => character >= from && character <= to
    if (!this.#ignoresCase) return isIn
    return (character) => isIn(character.toLowerCase()) || isIn(character.toUpperCase())
  }

  #next(): string | undefined {
    return this.#expression[this.#at]
  }

  #takes(character: string): boolean {
    if (this.#next() !== character) return false
    this.#at++
    return true
  }
}

const classes: ReadonlyMap<string, RegExp> = new Map([
  ['digit', /^[0-9]$/],
  ['xdigit', /^[0-9A-Fa-f]$/],
  ['alpha', /^[A-Za-z]$/],
  ['alnum', /^[0-9A-Za-z]$/],
  ['lower', /^[a-z]$/],
  ['upper', /^[A-Z]$/],
  ['space', /^\s$/],
  ['blank', /^[ \t]$/],
  ['punct', /^[!-/:-@[-`{-~]$/],
])

function one(isWanted: (character: string) => boolean): Matcher {
  return (state, at, go) => {
    count(state)
    return at < state.text.length && isWanted(state.text.charAt(at)) && go(at + 1)
  }
}

function grouped(group: number, inside: Matcher): Matcher {
  return (state, at, go) => {
    const [startBefore, endBefore] = [state.starts[group], state.ends[group]]
    const isMatch = inside(state, at, (end) => {
      const [start, before] = [state.starts[group], state.ends[group]]
      put(state, group, at, end)
      if (go(end)) return true
      put(state, group, start, before)
      return false
    })
    if (!isMatch) put(state, group, startBefore, endBefore)
    return isMatch
  }
}

function put({ starts, ends }: State, group: number, start: number | undefined, end: number | undefined): void {
  if (start === undefined) delete starts[group]
  else starts[group] = start
  if (end === undefined) delete ends[group]
  else ends[group] = end
}

/** As often as it can first. */
function repeat(atom: Matcher, least: number, most: number): Matcher {
  return (state, at, go) => {
    const again = (from: number, times: number): boolean => {
      count(state)
      const hasMore =
        times < most &&
        // What matches nothing matches it again without end.
        atom(state, from, (after) => (after > from || times < least) && again(after, times + 1))
      return hasMore || (times >= least && go(from))
    }
    return again(at, 0)
  }
}

function count(state: State): void {
  if (++state.steps > mostSteps) throw new ExpressionError('it takes too many steps')
}
