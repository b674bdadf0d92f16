/** docs/sipd-directives.md, made from the table of directives. */
import type { Directive, Rows } from './declare/row.ts'
import { debugFlags } from './directives/debug.ts'
import { groups } from './directives.ts'

const introduction = `# The directives of sipd.conf

This page is made from the table of directives; \`node dist/sipd/config/print-document.js > docs/sipd-directives.md\` makes it again.

A line is a directive and its value; names and fixed words in any case. \`#\` begins a comment at the start of a word, \`\\\` at the end
of a line continues it, and an argument with blanks stands in double quotes, with \`\\"\` and \`\\\\\` for a quote and a backslash in it.
\`<Name argument>\` and \`</Name>\` stand around what belongs to one thing. A directive stands once, unless it says "repeatable". Paths are
relative to the home. All that is wrong is told at once, with line and column, and sipd does not start on it; a reload keeps what
was in force. A file with secrets (\`***\` wherever it is shown) that others can read is refused.

"reload" takes effect with \`sip graceful\`, "restart" with \`sip restart\`. What is *not in force* is read and checked; when it is set to
something else than its default there is a warning, and nothing else happens.
`

/** The whole page. */
export function directivesDocument(): string {
  return [introduction, ...groups.map(({ title, rows }) => `## ${title}\n\n${table(rows)}`), flagTable()].join('\n')
}

function table(rows: Rows): string {
  return lines([
    ['Directive', 'Value', 'Default', 'Change', 'What it does'],
    ...Object.entries(rows).flatMap(([name, row]) => [
      cells(name, name, row),
      ...Object.entries(row.inside ?? {}).map(([part, inner]) => cells(`<${name}> ${part}`, part, inner)),
    ]),
  ])
}

function cells(shown: string, name: string, row: Directive<unknown>): string[] {
  const value = [row.type, row.range && `(${row.range})`, row.isRepeatable && '*repeatable*'].filter(Boolean).join(' ')
  const defaults = row.defaults.map((text) => `\`${text}\``).join('<br>')
  const toCome = row.inForce === true ? '' : ` *Not in force:* ${row.inForce}.`
  const others = (row.also ?? []).flatMap((other) => (typeof other === 'string' ? [`\`${other}\``] : []))
  const also = others.length > 0 ? ` Also written ${others.join(', ')}.` : ''
  const help = /[.!]$/.test(row.help) ? row.help : `${capitalize(row.help.replace(`${name}, `, ''))}.`
  return [`\`${shown}\``, plain(value), defaults, row.changes, plain(`${help}${also}${toCome}`)]
}

function flagTable(): string {
  return `### Debug flags\n\n${lines([
    ['Flag', 'Tells of'],
    ...Object.entries(debugFlags).map(([name, { tells, inForce }]) => [
      `\`${name}\``,
      `${capitalize(tells)}.${inForce === true ? '' : ` *Not in force:* ${inForce}.`}`,
    ]),
  ])}`
}

function lines([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('')
}

/** Angle brackets are not to be taken for HTML. */
function plain(text: string): string {
  return text.replaceAll('<', '&lt;')
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
