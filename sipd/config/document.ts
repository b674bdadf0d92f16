/** The pages of docs/ about directives, made from the table of directives. */
import type { Directive, Rows } from './declare/row.ts'
import { debugFlags } from './directives/debug.ts'
import { groups } from './directives.ts'

/** A page for each: what is in force, and what files of Cisco SIP Proxy Server 2.2 may have besides. */
export type Part = 'inForce' | 'accepted'

export const directivePages: Readonly<Record<Part, string>> = {
  inForce: 'sipd-directives.md',
  accepted: 'sipd-directives-old.md',
}

const madeFrom = `This page is made from the table of directives in \`sipd/config/directives\`. To make it again, run
\`node dist/sipd/config/print-document.js docs\`.
`

const inForce = `# The directives of sipd.conf

\`conf/sipd/sipd.conf\` configures the SIP proxy in the syntax of Apache: each line is a directive and its value. This page lists every
directive that has an effect. Directives that sipd accepts without acting on them, so that files of Cisco SIP Proxy Server 2.2 load
unchanged, are in [sipd-directives-old.md](sipd-directives-old.md).

## Change a directive

Edit the file, check it, and let sipd read it again. Calls continue.

\`\`\`console
$ sed -i 's/^# MaxForks .*/MaxForks 3/' var/conf/sipd/sipd.conf
$ sip check
sipd.conf is good: 2 directives, 0 warnings
$ sip graceful
Gracefully restarting sipd:                              [ OK ]
$ sip config | grep MaxForks
MaxForks 3                                       # sipd.conf:16
\`\`\`

A directive that says "restart" in the column *Change* takes effect with \`sip restart\`.

## Syntax

| rule | example |
| --- | --- |
| names and fixed words may have capitals or not | \`serverType proxy\` |
| \`#\` at the start of a word begins a comment | \`MaxForks 3 # branches\` |
| \`\\\` at the end of a line continues it | |
| an argument with blanks stands in double quotes; \`\\"\` and \`\\\\\` are a quote and a backslash | \`ErrorLog "\\|rotatelogs logs/sipd/error_log 86400"\` |
| \`<Name argument>\` and \`</Name>\` enclose what belongs together | \`<VirtualProxyHost 1.1>\` |
| a directive may occur once, unless it is *repeatable* | |
| paths are relative to the home | \`logs/sipd/error_log\` |

sipd reports all mistakes of a file at once, with line and column. It does not start on a file with a mistake; a reload keeps the
configuration that runs. sipd refuses a file with secrets that other users can read; it shows secrets as \`***\`.
`

const accepted = `# Directives of older files

Cisco SIP Proxy Server 2.2 has directives that sipd reads and checks, and that have no effect yet or never will. A file that has them
loads. When such a directive differs from its default, \`sip check\` warns and says why it has no effect. The directives that do have an
effect are in [sipd-directives.md](sipd-directives.md).
`

/** The whole page. */
export function directivesDocument(part: Part): string {
  const introduction = part === 'inForce' ? inForce : accepted
  const sections = groups.flatMap(({ title, rows }) => {
    const listed = table(rows, part)
    return listed === undefined ? [] : [`## ${title}\n\n${listed}`]
  })
  return [introduction, madeFrom, ...sections, flagTable(part)].join('\n')
}

/** Undefined when none of these belongs to the page. */
function table(rows: Rows, part: Part): string | undefined {
  const chosen = Object.entries(rows).filter(([, row]) => partOf(row.inForce) === part)
  if (chosen.length === 0) return undefined
  return lines([
    [
      'Directive',
      'Value',
      'Default',
      'Change',
      part === 'inForce' ? 'What it does' : 'What it does, and why it has no effect',
    ],
    ...chosen.flatMap(([name, row]) => [
      cells(name, name, row),
      ...Object.entries(row.inside ?? {}).map(([inside, inner]) => cells(`<${name}> ${inside}`, inside, inner)),
    ]),
  ])
}

function partOf(inForce: string | true): Part {
  return inForce === true ? 'inForce' : 'accepted'
}

function cells(shown: string, name: string, row: Directive<unknown>): string[] {
  const value = [row.type, row.range && `(${row.range})`, row.isRepeatable && '*repeatable*'].filter(Boolean).join(' ')
  const defaults = row.defaults.map((text) => `\`${text}\``).join('<br>')
  const reason = row.inForce === true ? '' : ` *No effect:* ${row.inForce}.`
  const others = (row.also ?? []).flatMap((other) => (typeof other === 'string' ? [`\`${other}\``] : []))
  const also = others.length > 0 ? ` Also written ${others.join(', ')}.` : ''
  const help = /[.!]$/.test(row.help) ? row.help : `${capitalize(row.help.replace(`${name}, `, ''))}.`
  return [`\`${shown}\``, plain(value), defaults, row.changes, plain(`${help}${also}${reason}`)]
}

function flagTable(part: Part): string {
  return `### Debug flags\n\n${lines([
    ['Flag', part === 'inForce' ? 'Logs' : 'Logs, and why it has no effect'],
    ...Object.entries(debugFlags)
      .filter(([, { inForce }]) => partOf(inForce) === part)
      .map(([name, { tells, inForce }]) => [
        `\`${name}\``,
        `${capitalize(tells)}.${inForce === true ? '' : ` *No effect:* ${inForce}.`}`,
      ]),
  ])}`
}

function lines([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('')
}

/** Angle brackets would be read as HTML. */
function plain(text: string): string {
  return text.replaceAll('<', '&lt;')
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
