/** What pages name exists: links and their anchors, files of the program, commands and their options. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { castellanProgram } from '../../commands/castellan.ts'
import { utilsProgram } from '../../commands/utils/utils.ts'
import type { Command, Group } from '../../lib/cli/command.ts'
import { helpOf, type Program } from '../../lib/cli/program.ts'
import { programRoot } from '../../lib/program-root.ts'
import { sipProgram } from '../../sipd/control/main.ts'
import { examplesOf, type Page, pages } from './pages.ts'

const files = readdirSync(programRoot, { recursive: true, encoding: 'utf8' }).filter(
  (file) => !/^(?:node_modules|dist|var|\.git)\//.test(file),
)
const programs: readonly Program[] = [castellanProgram, sipProgram, utilsProgram]

for (const page of pages) {
  test(`every link of ${page.name} leads to a file or a heading`, () => {
    const links = [...page.text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? page.name : relative(programRoot, join(programRoot, dirname(page.name), path))
      if (!existsSync(join(programRoot, target))) return true
      return anchor !== undefined && !anchorsOf(readFileSync(join(programRoot, target), 'utf8')).includes(anchor)
    })
    assert.deepEqual(
      broken.map(([link]) => link),
      [],
    )
  })

  test(`every source file that ${page.name} names exists`, () => {
    const named = codeOf(page).filter((code) =>
      /^(?:[\w.-]+\/)+[\w.*-]+\.(?:ts|mjs|txt|md|json|conf|service)$/.test(code),
    )
    assert.deepEqual(
      named.filter((path) => !isOfTheProgram(path)),
      [],
    )
  })

  test(`every command and option that ${page.name} names exists`, () => {
    const lines = [...codeOf(page), ...examplesOf(page).flatMap(({ command }) => command.split('\n'))]
    assert.deepEqual(lines.flatMap(unknownIn), [])
  })
}

test('every page of docs has a link on the README', () => {
  const text = pages.find(({ name }) => name === 'README.md')?.text ?? ''
  assert.deepEqual(
    pages.filter(({ name }) => name !== 'README.md' && !text.includes(`](${name}`)).map(({ name }) => name),
    [],
  )
})

test('the README has a section with commands for each thing that a newcomer wants to do, and a line that leads there', () => {
  const text = pages.find(({ name }) => name === 'README.md')?.text ?? ''
  const tasks = [
    'Supervise a new process',
    'Add an SNMPv3 user',
    'Hear about high CPU',
    'Rotate a log',
    'Let two phones call',
    'Back up and restore',
  ]
  const found = tasks.filter((task) => {
    const [, section = ''] = text.split(`\n## ${task}\n`)
    return text.includes(`| [${task}](#`) && (section.split('\n## ')[0] ?? '').includes('```console')
  })
  assert.deepEqual(found, tasks)
})

/** As GitHub makes them of headings. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function codeOf({ text }: Page): readonly string[] {
  const prose = text.replace(/^\s*```[\s\S]*?^\s*```$/gm, '')
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

/** A page may leave out the first folders of a path. What a home gets while it runs is in none of them. */
function isOfTheProgram(path: string): boolean {
  const pattern = new RegExp(`(?:^|/)${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`)
  return /^(?:home|data|logs|run|FOLDER)\//.test(path) || files.some((file) => pattern.test(file))
}

function unknownIn(line: string): readonly string[] {
  const [, name = '', rest = ''] = /^(?:bin\/|nohup )?(castellan|sip|utils)((?: .*)?)$/.exec(line.trim()) ?? []
  const program = programs.find((one) => one.name === name)
  if (!program || 'run' in program.commands) return []
  const words = (rest.split(/ [|>&;#]|;|&&|"\$/)[0] ?? '').trim().split(/\s+/)
  return alternatives(words).flatMap((path) => unknownOf(program, path).map((what) => `${line}: ${what}`))
}

/** `apps start|stop NAME` are two commands. */
function alternatives(words: readonly string[]): readonly (readonly string[])[] {
  const index = words.findIndex((word) => /^[a-z_-]+(?:\|[a-z_-]+)+$/.test(word))
  if (index === -1 || index > 1) return [words]
  return (words[index] ?? '').split('|').map((one) => words.with(index, one))
}

function unknownOf(program: Program, words: readonly string[]): readonly string[] {
  const path: string[] = []
  let level: readonly (Command | Group)[] | undefined = 'run' in program.commands ? undefined : program.commands
  for (const word of words) {
    if (level === undefined || !/^[a-z]/.test(word)) break
    const found: Command | Group | undefined = level.find(({ name }) => name === word)
    if (!found) return path.length === 0 && /^[a-z_-]+$/.test(word) ? [`no command ${word}`] : []
    path.push(word)
    level = 'commands' in found ? found.commands : undefined
  }
  // A group may have a command that needs no name: `castellan logs --lines 5`.
  const all = level === undefined ? [path] : [path, ...level.map(({ name }) => [...path, name])]
  const help = all.map((one) => helpOf(program, ...one)).join('')
  const options = words.map((word) => /^\[?(--?[a-z][a-z-]*)/.exec(word)?.[1]).filter((option) => option !== undefined)
  return options
    .filter((option) => !['--help', '--version', '--home'].includes(option) && !help.includes(option))
    .map((option) => `no option ${option}`)
}
