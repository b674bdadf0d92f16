/** The string literals of a source file: their text, where they stand, and what they are given to. */

export interface SourceString {
  /** As it is written, escapes resolved; a placeholder of a template is `placeholder`. */
  readonly text: string
  readonly kind: 'string' | 'regex'
  readonly line: number
  /** What it is an argument of, such as `report.error` or `new UsageError`; undefined outside of any call. */
  readonly callee: string | undefined
  /** The property that it is the value of, such as `expected`. */
  readonly key: string | undefined
}

/** Stands for `${...}`; no source has it. */
export const placeholder = '\u0001'

/** Reads as much of TypeScript as it takes to tell strings, comments, regular expressions and calls apart. */
export function stringsOf(source: string): SourceString[] {
  const reader = new Reader(source)
  reader.readUntil(undefined)
  return reader.found
}

/** Calls that pass their text on as it is: what is said is said to the call around them. */
const passesOn = new Set(['', 'printable', 'sentence'])
const beforeRegex = /(?:^|[(,=:[!&|?{};>+]|\b(?:return|typeof|case|of|in))\s*$/

class Reader {
  readonly found: SourceString[] = []
  readonly #source: string
  readonly #callees: string[] = []
  #at = 0
  /** Lines up to here were counted. */
  #countedTo = 0
  #lines = 1
  /** Code of this line and the ones before, without strings and comments. */
  #before = ''

  constructor(source: string) {
    this.#source = source
  }

  /** Up to the brace that closes a placeholder, or to the end. */
  readUntil(end: '}' | undefined): void {
    const depth = this.#callees.length
    while (this.#at < this.#source.length) {
      const letter = this.#source[this.#at] ?? ''
      if (letter === end && this.#callees.length === depth) return
      this.#readToken(letter)
    }
  }

  #readToken(letter: string): void {
    const next = this.#source[this.#at + 1]
    if (letter === '/' && next === '/') this.#skipTo('\n')
    else if (letter === '/' && next === '*') this.#skipTo('*/')
    else if (letter === "'" || letter === '"') this.#readString(letter)
    else if (letter === '`') this.#readTemplate()
    else if (letter === '/' && beforeRegex.test(this.#before)) this.#readRegex()
    else {
      if (letter === '(') this.#callees.push(/(?:new\s+)?[\w.#?]*$/.exec(this.#before)?.[0] ?? '')
      else if (letter === '{' || letter === '[') this.#callees.push('')
      else if (letter === ')' || letter === '}' || letter === ']') this.#callees.pop()
      this.#before = (this.#before + letter).slice(-200)
      this.#at++
    }
  }

  #skipTo(end: string): void {
    const at = this.#source.indexOf(end, this.#at + 2)
    this.#at = at < 0 ? this.#source.length : at + end.length
  }

  #readString(quote: string): void {
    const [from, line] = [this.#at + 1, this.#line]
    for (this.#at = from; this.#source[this.#at] !== quote; this.#at++) if (this.#source[this.#at] === '\\') this.#at++
    this.#add(unescaped(this.#source.slice(from, this.#at)), 'string', line)
    this.#at++
  }

  #readTemplate(): void {
    const line = this.#line
    const key = this.#key
    let text = ''
    this.#at++
    for (;;) {
      const from = this.#at
      while (this.#source[this.#at] !== '`' && !this.#source.startsWith('${', this.#at))
        this.#at += this.#source[this.#at] === '\\' ? 2 : 1
      text += unescaped(this.#source.slice(from, this.#at))
      if (this.#source[this.#at] === '`') break
      this.#at += 2
      this.#before = '('
      this.readUntil('}')
      text += placeholder
      this.#at++
    }
    this.#add(text, 'string', line, key)
    this.#at++
  }

  #readRegex(): void {
    const line = this.#line
    const match = /^\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/[a-z]*/.exec(
      this.#source.slice(this.#at, this.#at + 2000),
    )
    this.#at += match ? match[0].length : 1
    if (match?.[1] !== undefined) this.#add(match[1], 'regex', line)
  }

  #add(text: string, kind: SourceString['kind'], line: number, key = this.#key): void {
    const callee = this.#callees.findLast((one) => !passesOn.has(one))
    this.found.push({ text, kind, line, callee, key })
    this.#before = '_'
  }

  get #key(): string | undefined {
    return /(\w+):\s*$/.exec(this.#before)?.[1]
  }

  get #line(): number {
    for (; this.#countedTo < this.#at; this.#countedTo++) if (this.#source[this.#countedTo] === '\n') this.#lines++
    return this.#lines
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' }

function unescaped(text: string): string {
  return text.replace(
    /\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([\s\S]))/gi,
    (_, braced, four, two, one) => {
      const code = braced ?? four ?? two
      return code === undefined ? (escapes[one] ?? one) : String.fromCodePoint(Number.parseInt(code, 16))
    },
  )
}
