import assert from 'node:assert/strict'
import { test } from 'node:test'
import { castellanProgram } from '../../commands/castellan.ts'
import { ciagentProgram } from '../../commands/ciagent.ts'
import { cspsCiagentCtlProgram } from '../../commands/csps-ciagent-ctl.ts'
import { getbulk } from '../../commands/tools/getbulk.ts'
import { getmany } from '../../commands/tools/getmany.ts'
import { getnext } from '../../commands/tools/getnext.ts'
import { getone } from '../../commands/tools/getone.ts'
import { setany } from '../../commands/tools/setany.ts'
import { toolProgram } from '../../commands/tools/tool.ts'
import { traprcvProgram } from '../../commands/tools/traprcv.ts'
import { utilsProgram } from '../../commands/utils/utils.ts'
import type { Command, Group } from '../../lib/cli/command.ts'
import { helpOf, type Program } from '../../lib/cli/program.ts'
import { sipProgram } from '../../sipd/control/main.ts'

const programs: readonly Program[] = [
  castellanProgram,
  sipProgram,
  ciagentProgram,
  cspsCiagentCtlProgram,
  traprcvProgram,
  utilsProgram,
  ...[getone, getnext, getmany, getbulk, setany].map((tool) => toolProgram(tool)),
]

interface Found {
  readonly program: Program
  readonly path: readonly string[]
  readonly command: Command
}

function commandsOf(program: Program): Found[] {
  const { commands } = program
  if ('run' in commands) return [{ program, path: [], command: commands }]
  return commands.flatMap((one: Command | Group) =>
    'commands' in one
      ? one.commands.map((command) => ({ program, path: [one.name, command.name], command }))
      : [{ program, path: [one.name], command: one }],
  )
}

const all = programs.flatMap(commandsOf)

test('every command has an example that begins with its own words', () => {
  assert.ok(all.length > 40)
  for (const { program, path, command } of all) {
    const words = [program.name, ...path].join(' ')
    // CIAgent's own is a word behind one dash.
    assert.ok(`${command.example} `.startsWith(`${words} `), `${words}: ${command.example}`)
    assert.ok(helpOf(program, ...path).includes(`\nExample:\n  ${command.example}\n`), words)
  }
})

test('every help names all exit codes, and fits 80 columns', () => {
  const helps = [
    ...programs.map((program) => helpOf(program)),
    ...all.map(({ program, path }) => helpOf(program, ...path)),
  ]
  for (const help of helps) {
    assert.match(help, /^usage: /)
    assert.match(
      help,
      /\nExit codes:\n {2}0 {2}.*\n(?: {5}.*\n)* {2}1 {2}.*\n(?: {5}.*\n)* {2}2 {2}.*\n(?: {5}.*\n)* {2}3 {2}.*\n(?: {5}.*\n)* {2}4 {2}/,
    )
    for (const line of help.split('\n')) assert.ok(line.length <= 80, line)
  }
})

test('two commands of a program, or two options of a command, never have one name', () => {
  const names = all.map(({ program, path }) => [program.name, ...path].join(' '))
  assert.equal(new Set(names).size, names.length)
  for (const { command } of all) {
    const flags = Object.values(command.options).map(({ flags }) => flags.split(/[ ,]+/)[0])
    assert.equal(new Set(flags).size, flags.length, command.name)
  }
})
