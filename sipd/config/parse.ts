/** sipd.conf as a frozen record, or all that is wrong with it. */
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { type Directive, type DirectiveName, directives, type SipdConfig } from './directives.ts'

export type ParsedConfig = { readonly config: SipdConfig } | { readonly complaints: readonly Complaint[] }

export function parseConfig(text: string, file: string): ParsedConfig {
  const complaints: Complaint[] = []
  const found = new Map<DirectiveName, unknown[]>()
  for (const [i, line] of text.split('\n').entries()) {
    const match = /^(\s*)([^\s#]\S*)\s*(.*?)\s*$/.exec(line)
    if (!match) continue
    const [, indent = '', word = '', rest = ''] = match
    const complain = (message: string, column: number): void => {
      complaints.push({ file, line: i + 1, column, message })
    }
    const name = names.find((candidate) => candidate.toLowerCase() === word.toLowerCase())
    if (!name) {
      complain(`${word} is no directive of sipd.conf`, indent.length + 1)
      continue
    }
    const directive: Directive<unknown> = directives[name]
    const column = line.length - line.trimStart().length + word.length + 2
    const parsed = directive.parse(rest.replace(/^"(.*)"$/, '$1'))
    const values = found.get(name) ?? []
    if ('wish' in parsed) complain(`${name} is to be ${parsed.wish}, not ${JSON.stringify(rest)}`, column)
    else if (values.length > 0 && !directive.repeatable) complain(`${name} is there already`, indent.length + 1)
    else found.set(name, [...values, parsed.value])
  }
  if (complaints.length > 0) return { complaints }
  const config = Object.fromEntries(
    names.map((name) => {
      const directive: Directive<unknown> = directives[name]
      const parsed = directive.parse(directive.defaultText)
      const values = found.get(name) ?? ('value' in parsed ? [parsed.value] : [])
      return [name, directive.repeatable ? values : values[0]]
    }),
  )
  return { config: Object.freeze(config) as SipdConfig }
}

const names = Object.keys(directives) as DirectiveName[]
