/** A SIP message as the text it came in, and where its headers are; what nobody asks for is never cut out. */
import { fullName, H, type HeaderId, headerIdOf } from './header-names.ts'
import { split } from './scan.ts'
import { parseRequestUri, type SipUri } from './uri.ts'
import type { Via } from './via.ts'

/**
 * Numbers a header takes in `layout`: its HeaderId, where its line begins, where its value begins and ends without blanks
 * around it, and where the next line begins.
 */
export const stride = 5

abstract class Message {
  /** The octets as Latin-1, one character each, from the start line to the end of the body. */
  readonly text: string
  readonly layout: readonly number[]
  /** Some header goes on over several lines (§7.3.1). */
  readonly isFolded: boolean
  /** Where the empty line begins that ends the headers, and where the body does. */
  readonly headEnd: number
  readonly bodyStart: number

  constructor(text: string, layout: readonly number[], isFolded: boolean, headEnd: number, bodyStart: number) {
    this.text = text
    this.layout = layout
    this.isFolded = isFolded
    this.headEnd = headEnd
    this.bodyStart = bodyStart
  }

  /** The index into `layout` of the first such header; -1 when there is none. */
  indexOf(id: HeaderId): number {
    const { layout } = this
    for (let at = 0; at < layout.length; at += stride) if (layout[at] === id) return at
    return -1
  }

  /** The first value, unfolded, without blanks around it. */
  value(id: HeaderId): string | undefined {
    const at = this.indexOf(id)
    return at < 0 ? undefined : this.valueAt(at)
  }

  /** Where the line of a header begins that is at this index of `layout`. */
  lineStart(at: number): number {
    return this.layout[at + 1] ?? 0
  }

  valueStart(at: number): number {
    return this.layout[at + 2] ?? 0
  }

  valueEnd(at: number): number {
    return this.layout[at + 3] ?? 0
  }

  /** Where the next line begins. */
  lineEnd(at: number): number {
    return this.layout[at + 4] ?? 0
  }

  // Of what every request and response has (§8.1.1): parse.ts refuses the others.

  get from(): string {
    return this.value(H.from) ?? ''
  }

  get to(): string {
    return this.value(H.to) ?? ''
  }

  get callId(): string {
    return this.value(H.callId) ?? ''
  }

  valueAt(at: number): string {
    const value = this.text.slice(this.valueStart(at), this.valueEnd(at))
    return this.isFolded ? unfold(value) : value
  }

  /**
   * All values of a header whose value is a comma list, each element for itself (§7.3.1); without empty ones, which say nothing. Empty
   * when one is not of the grammar.
   */
  elements(id: HeaderId): string[] {
    const all: string[] = []
    for (let at = 0; at < this.layout.length; at += stride) {
      if (this.layout[at] !== id) continue
      const value = this.valueAt(at)
      if (value === '') continue
      if (!value.includes(',')) all.push(value)
      else all.push(...(split(value, ',') ?? []).filter((element) => element !== ''))
    }
    return all
  }

  /** How often a header is there. */
  count(id: HeaderId): number {
    let found = 0
    for (let at = 0; at < this.layout.length; at += stride) if (this.layout[at] === id) found++
    return found
  }

  /** The first value of a header by any name, for logs. */
  valueNamed(name: string): string | undefined {
    const id = headerIdOf(name)
    if (id !== undefined) return this.value(id)
    const wanted = fullName(name)
    for (let at = 0; at < this.layout.length; at += stride) {
      if (this.layout[at] !== H.other) continue
      const line = this.text.slice(this.lineStart(at), this.valueStart(at))
      if (fullName(line.slice(0, line.indexOf(':')).trimEnd()) === wanted) return this.valueAt(at)
    }
    return undefined
  }

  get body(): string {
    return this.text.slice(this.bodyStart)
  }
}

export class SipRequest extends Message {
  readonly kind = 'request'
  readonly method: string
  readonly requestUri: string
  /** The topmost one. */
  readonly via: Via
  readonly cseqNumber: number
  /** Undefined when the header is missing: clients of RFC 2543 send none. */
  readonly maxForwards: number | undefined
  /** RFC 5393 §5.3: branches that may be under way at once for it, in all proxies; undefined when the header is missing. */
  readonly maxBreadth: number | undefined
  #uri: SipUri | undefined

  constructor(
    parts: Message,
    method: string,
    requestUri: string,
    via: Via,
    cseqNumber: number,
    maxForwards: number | undefined,
    maxBreadth: number | undefined,
  ) {
    super(parts.text, parts.layout, parts.isFolded, parts.headEnd, parts.bodyStart)
    this.method = method
    this.requestUri = requestUri
    this.via = via
    this.cseqNumber = cseqNumber
    this.maxForwards = maxForwards
    this.maxBreadth = maxBreadth
  }

  /** The Request-URI, when it is one of ours to understand. */
  get uri(): SipUri | undefined {
    this.#uri ??= parseRequestUri(this.requestUri)
    return this.#uri
  }
}

export class SipResponse extends Message {
  readonly kind = 'response'
  readonly status: number
  readonly reason: string
  readonly via: Via
  readonly cseqMethod: string

  constructor(parts: Message, status: number, reason: string, via: Via, cseqMethod: string) {
    super(parts.text, parts.layout, parts.isFolded, parts.headEnd, parts.bodyStart)
    this.status = status
    this.reason = reason
    this.via = via
    this.cseqMethod = cseqMethod
  }
}

/** Text with its headers found, before anybody knows what they are worth. */
export class Parts extends Message {}

export type SipMessage = SipRequest | SipResponse

/** §7.3.1: a line that starts with a blank goes on with the one before. */
function unfold(raw: string): string {
  if (!raw.includes('\n')) return raw
  // Line by line: a pattern that takes the blanks before a line's end as well needs the square of their number.
  return raw
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
}
