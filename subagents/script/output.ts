/** What a run prints: the end of it is kept, and lines on descriptor 3 are reports. */

/** The last octets of a stream. */
export class Tail {
  readonly #maxOctets: number
  #octets: Buffer = Buffer.alloc(0)

  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets
  }

  add(chunk: Buffer): void {
    this.#octets = Buffer.concat([this.#octets, chunk.subarray(-this.#maxOctets)])
    // A copy, so that what is cut off does not stay in memory.
    if (this.#octets.length > this.#maxOctets) this.#octets = Buffer.from(this.#octets.subarray(-this.#maxOctets))
  }

  /** Without the line breaks at the end, as a shell's $( ) gives it. */
  get result(): Uint8Array {
    let end = this.#octets.length
    while (end > 0 && (this.#octets[end - 1] === 0x0a || this.#octets[end - 1] === 0x0d)) end--
    return Uint8Array.from(this.#octets.subarray(0, end))
  }

  /** The last line that says something, or an empty string. */
  get lastLine(): string {
    const lines = this.#octets.toString('utf8').split('\n')
    return lines.map((line) => line.trim()).findLast((line) => line !== '') ?? ''
  }
}

/** What a script says of itself: `result TEXT` or `error TEXT`. */
export interface Report {
  readonly kind: 'result' | 'error'
  readonly text: string
}

const maxLineOctets = 4096

/** Reports out of a stream, line by line; what is no report, or longer than a line may be, is passed over. */
export class ReportReader {
  #rest = ''

  read(chunk: Buffer): Report[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    this.#rest = (lines.pop() ?? '').slice(0, maxLineOctets + 1)
    return lines.map(parseReport).filter((report) => report !== undefined)
  }
}

function parseReport(line: string): Report | undefined {
  if (line.length > maxLineOctets) return undefined
  const [, kind, text = ''] = /^(result|error)(?: (.*))?$/s.exec(Buffer.from(line, 'latin1').toString('utf8')) ?? []
  return kind === 'result' || kind === 'error' ? { kind, text } : undefined
}
