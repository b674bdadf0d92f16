/** sipd.conf as a frozen record, or all that is wrong with it. */
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { hasStrayOctet } from '../../lib/text/lossless-text.ts'
import { checkTogether } from './checks.ts'
import { type Line, readLines, type Word } from './declare/lines.ts'
import { readRecord } from './declare/record.ts'
import type { Entry, Reader } from './declare/row.ts'
import { directives, type SipdConfig } from './directives.ts'

/** Where a directive was written. */
export interface Origin {
  /** The first line of it, from 1. */
  readonly line: number
  /** All lines of it. */
  readonly lines: readonly number[]
}

export interface ConfigNotes {
  /** What is allowed and remarkable, such as a directive that is not acted on yet. */
  readonly warnings: readonly Complaint[]
  /** Which directives were written; the others have their default. */
  readonly origins: ReadonlyMap<string, Origin>
}

export type ParsedConfig =
  | ({ readonly config: SipdConfig } & ConfigNotes)
  | ({ readonly complaints: readonly Complaint[] } & ConfigNotes)

/** Reads the text of a sipd.conf as `textOfOctets` gives it; `file` is what complaints call it. All complaints come together, in the order of the lines. */
export function parseConfig(text: string, file: string): ParsedConfig {
  const { lines, complaints } = readLines(text, file)
  for (const { name, args } of lines) {
    for (const { line, column, text: word } of [name, ...args])
      if (hasStrayOctet(word))
        complaints.push({ file, line, column, message: 'this is not UTF-8; save the file as UTF-8' })
  }
  const warnings: Complaint[] = []
  const reader: Reader = {
    complain: ({ line, column }, message) => complaints.push({ file, line, column, message }),
    warn: ({ line, column }, message) => warnings.push({ file, line, column, message, severity: 'warning' }),
  }
  const { record, entriesOf } = readRecord(directives, nest(lines, reader), reader)
  const origins = new Map(
    [...entriesOf].map(([name, entries]): [string, Origin] => {
      const written = entries.map((entry) => entry.name.line)
      return [name, { line: written[0]!, lines: written }]
    }),
  )
  // Values that were complained about are worth nothing, so what they are together is not looked at.
  const config = complaints.length === 0 ? checkTogether(record, entriesOf, reader) : undefined
  warnings.sort(byPlace)
  if (config && complaints.length === 0) return { config, warnings, origins }
  return { complaints: complaints.sort(byPlace), warnings, origins }
}

/** Puts what stands between `<Name>` and `</Name>` inside it. */
function nest(lines: readonly Line[], reader: Reader): Entry[] {
  const top: Entry[] = []
  const open: { readonly name: Word; readonly inside: Entry[] }[] = []
  for (const { kind, name, args } of lines) {
    const here = open.at(-1)?.inside ?? top
    if (kind === 'directive') here.push({ name, args, inside: undefined })
    else if (kind === 'open') {
      const inside: Entry[] = []
      here.push({ name, args, inside })
      open.push({ name, inside })
    } else {
      const closed = open.pop()
      if (!closed) reader.complain(name, `</${name.text}> closes nothing that is open`)
      else if (closed.name.text.toLowerCase() !== name.text.toLowerCase())
        reader.complain(
          name,
          `</${name.text}> stands where </${closed.name.text}> is due, for line ${closed.name.line}`,
        )
    }
  }
  for (const { name } of open) reader.complain(name, `<${name.text} ...> has no </${name.text}>`)
  return top
}

function byPlace(a: Complaint, b: Complaint): number {
  return a.line - b.line || a.column - b.column
}
