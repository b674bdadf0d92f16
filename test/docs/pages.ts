/** The pages for readers, README first, and the examples in them: fenced blocks of commands with what they print. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'
import { linesOfPicture } from './picture.ts'

export interface Page {
  /** Relative to the program, such as docs/agent.md. */
  readonly name: string
  readonly text: string
}

export interface Example {
  readonly page: string
  /** Where the command stands, from 1. */
  readonly line: number
  readonly command: string
  /** The lines below it; undefined in a block of commands alone (```sh), and of lines for a file (```cnf subagents/critagt.cnf). */
  readonly output?: readonly string[]
  /** The page shows the exit code next. */
  readonly mayFail?: boolean
}

export const pages: readonly Page[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(programRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
].map((name) => ({ name, text: read(name) }))

/** The picture of the README, as a page of examples. */
export const picture: Page = {
  name: 'docs/board.svg',
  text: `\`\`\`console\n${linesOfPicture(read('docs/board.svg')).join('\n')}\n\`\`\`\n`,
}

interface Fence {
  readonly language: string
  /** Of its first line inside, from 1. */
  readonly line: number
  readonly lines: readonly string[]
}

export function fencesOf(text: string): readonly Fence[] {
  const fences: Fence[] = []
  let open: { language: string; line: number; indent: number; lines: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^(\s*)```(.*)$/.exec(line)
    if (mark && open) {
      fences.push(open)
      open = undefined
    } else if (mark)
      open = { language: mark[2]?.trim() ?? '', line: index + 2, indent: mark[1]?.length ?? 0, lines: [] }
    else open?.lines.push(line.slice(open.indent))
  }
  return fences
}

/** Lines for a file of the home are tried in its place, and taken away again. */
function checkOf(file: string, lines: readonly string[]): string {
  const path = `var/conf/${file}`
  const tries = [`cp ${path} before.cnf`, `cat >> ${path} <<'END'`, ...lines, 'END', 'castellan check']
  return [...tries, 'status=$?', `cp before.cnf ${path}`, '(exit $status)'].join('\n')
}

/** In a ```console block `$ ` begins a command and `> ` goes on with it, as a shell prints them; the rest is what it prints. */
export function examplesOf({ name, text }: Page): readonly Example[] {
  return fencesOf(text).flatMap(({ language, line, lines }) => {
    const file = /^cnf (\S+)$/.exec(language)?.[1]
    if (file !== undefined) return [{ page: name, line, command: checkOf(file, lines) }]
    if (language === 'sh') return [{ page: name, line, command: lines.join('\n') }]
    if (language !== 'console') return []
    const examples: { page: string; line: number; command: string; output: string[] }[] = []
    for (const [index, one] of lines.entries()) {
      const last = examples.at(-1)
      if (/^[$#] /.test(one)) examples.push({ page: name, line: line + index, command: one.slice(2), output: [] })
      else if (last && last.output.length === 0 && /^> ?/.test(one)) last.command += `\n${one.replace(/^> ?/, '')}`
      else last?.output.push(one)
    }
    return examples.map((one, index) => ({ ...one, mayFail: examples[index + 1]?.command === 'echo $?' }))
  })
}

/** What is neither code nor a table: paragraphs, and entries of lists, one each. */
export function paragraphsOf(text: string): readonly string[] {
  const bare = text.replace(/^\s*```[\s\S]*?^\s*```$/gm, '\n').replace(/<!--[\s\S]*?-->/g, '')
  return bare
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/)
    .map((block) =>
      block
        .split('\n')
        .filter((line) => !/^\s*(?:\||#)/.test(line))
        .join(' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((block) => block !== '')
}

function read(name: string): string {
  return readFileSync(join(programRoot, name), 'utf8')
}
