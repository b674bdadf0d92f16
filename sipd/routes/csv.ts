/** Comma-separated values as spreadsheets write them (RFC 4180), each with the place where it stands. */

export interface Cell {
  readonly text: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
}

export interface CsvMistake {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** The rows that are not empty; what cannot be read is a mistake, and reading goes on with the next line. */
export function readCsv(text: string): {
  readonly rows: readonly (readonly Cell[])[]
  readonly mistakes: CsvMistake[]
} {
  const reader = new CsvReader(text.replace(/^\uFEFF/, ''))
  const rows: Cell[][] = []
  while (!reader.isAtEnd) {
    const row = reader.row()
    if (row.length > 1 || row[0]?.text) rows.push(row)
  }
  return { rows, mistakes: reader.mistakes }
}

/** One line; a value is quoted where it has to be. */
export function csvLine(values: readonly string[]): string {
  return `${values.map((value) => (/[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\n`
}

class CsvReader {
  readonly mistakes: CsvMistake[] = []
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  row(): Cell[] {
    const cells: Cell[] = []
    for (;;) {
      cells.push(this.#cell())
      if (this.#text[this.#at] !== ',') break
      this.#at++
    }
    this.#endLine()
    return cells
  }

  #cell(): Cell {
    const place = { line: this.#line, column: this.#at - this.#lineStart + 1 }
    const text = this.#text[this.#at] === '"' ? this.#quoted(place) : this.#plain(place)
    return { text, ...place }
  }

  #plain(place: Omit<CsvMistake, 'message'>): string {
    const text = /[^,\r\n]*/y
    text.lastIndex = this.#at
    const found = text.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    if (found.includes('"'))
      this.#complain(place, 'a quote inside a value; put the value in quotes and write the quote twice')
    return found.trim()
  }

  #quoted(place: Omit<CsvMistake, 'message'>): string {
    let value = ''
    for (;;) {
      const from = this.#at + 1
      const end = this.#text.indexOf('"', from)
      if (end < 0) {
        this.#complain(place, 'the quoted value that begins here has no closing quote')
        this.#at = this.#text.length
        return value
      }
      value += this.#text.slice(from, end)
      this.#countLines(from, end)
      this.#at = end + 1
      if (this.#text[this.#at] !== '"') break
      value += '"'
    }
    const rest = /[^,\r\n]*/y
    rest.lastIndex = this.#at
    const found = rest.exec(this.#text)?.[0] ?? ''
    if (found.trim() !== '')
      this.#complain({ ...place, column: this.#at - this.#lineStart + 1 }, 'expected a comma after the closing quote')
    this.#at += found.length
    return value
  }

  #endLine(): void {
    if (this.#text[this.#at] === '\r') this.#at++
    if (this.#text[this.#at] === '\n') this.#at++
    this.#line++
    this.#lineStart = this.#at
  }

  #countLines(from: number, to: number): void {
    for (let at = this.#text.indexOf('\n', from); at >= 0 && at < to; at = this.#text.indexOf('\n', at + 1)) {
      this.#line++
      this.#lineStart = at + 1
    }
  }

  #complain({ line, column }: Omit<CsvMistake, 'message'>, message: string): void {
    this.mistakes.push({ line, column, message })
  }
}
