import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineCommand, type Group } from '../../../lib/cli/command.ts'
import { CommandFailure, type ExitCode, RefusedError, UsageError } from '../../../lib/cli/exit-codes.ts'
import { flag, parsed, parsedOr, secondsAsMs, text, textOr, wholeNumber } from '../../../lib/cli/options.ts'
import { type Program, runProgram } from '../../../lib/cli/program.ts'
import { HomeError } from '../../../lib/home/home.ts'
import { NoAnswerError } from '../../../lib/process/control.ts'

interface Call {
  readonly operands: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly root: string
}

/** A program whose commands keep what they were given, and end as `act` says. */
function program(act: () => void = () => {}): { readonly program: Program; readonly calls: Call[] } {
  const calls: Call[] = []
  const options = {
    json: flag('--json', 'for programs'),
    isFollowing: flag('--no-follow', 'end'),
    offset: parsed('--port-offset <n>', 'a number', wholeNumber),
    timeoutMs: parsedOr('--timeout <seconds>', 'a time', secondsAsMs, 1000, '1'),
    user: text('-u, --user <name>', 'a name'),
    auth: textOr('--auth <protocol>', 'a protocol', 'SHA-256'),
  }
  const look = defineCommand({
    name: 'look',
    operands: '<who> [more...]',
    summary: 'look at something',
    example: 'keeper look door',
    options,
    async run({ home, operands, options }) {
      calls.push({ operands, options, root: home.root })
      act()
      return 0
    },
  })
  const pets: Group = { name: 'pets', summary: 'animals', commands: [look], usual: look }
  return { program: { name: 'keeper', summary: 'Keeps.', commands: [look, pets], takesHomeFirst: true }, calls }
}

/** With what it wrote to standard error. */
async function run(one: Program, ...args: string[]): Promise<{ code: ExitCode; out: string; err: string }> {
  const written = { out: '', err: '' }
  const { stdout, stderr } = process
  const [out, err] = [stdout.write, stderr.write]
  stdout.write = (chunk) => {
    written.out += String(chunk)
    return true
  }
  stderr.write = (chunk) => {
    written.err += String(chunk)
    return true
  }
  try {
    const code = await runProgram(one, args)
    return { code, ...written }
  } finally {
    stdout.write = out
    stderr.write = err
  }
}

test('a command gets its operands, its options with their types and defaults, and its home', async () => {
  const { program: keeper, calls } = program()
  await run(keeper, 'look', 'door', 'gate', '--home', '/somewhere')
  await run(
    keeper,
    '--home',
    '/elsewhere',
    'pets',
    'cat',
    '--json',
    '--no-follow',
    '--port-offset',
    '7',
    '-u',
    'ann',
    '--timeout',
    '0.5',
  )
  const unset = { offset: undefined, user: undefined, auth: 'SHA-256' }
  assert.deepEqual(calls, [
    {
      operands: ['door', 'gate'],
      options: { json: false, isFollowing: true, timeoutMs: 1000, ...unset },
      root: '/somewhere',
    },
    {
      operands: ['cat'],
      options: { json: true, isFollowing: false, timeoutMs: 500, ...unset, offset: 7, user: 'ann' },
      root: '/elsewhere',
    },
  ])
})

test('wrong usage is 2, with a sentence that begins with the name of the program, and the help of the command', async () => {
  const { program: keeper, calls } = program()
  for (const [args, sentence] of [
    [[], ''],
    [['dance'], "keeper: unknown command 'dance'\n"],
    [['look'], "keeper: missing required argument 'who'\n"],
    [['look', 'x', '--nonsense'], "keeper: unknown option '--nonsense'\n"],
    [
      ['look', 'x', '--port-offset', 'x'],
      "keeper: option '--port-offset <n>' argument 'x' is invalid. expected a whole number\n",
    ],
  ] as const) {
    const { code, out, err } = await run(keeper, ...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.ok(err.startsWith(sentence), err)
    assert.match(
      err,
      args[0] === 'look' ? /^usage: keeper look \[options\] <who> \[more\.\.\.\]$/m : /^usage: keeper COMMAND/m,
    )
  }
  assert.deepEqual(calls, [])
  for (const args of [['x\nFORGED'], ['look', 'x', '--port-offset', 'x\nFORGED'], ['look', 'x', '--x\nFORGED']])
    assert.doesNotMatch((await run(keeper, ...args)).err, /^FORGED/m)
  assert.match((await run(keeper, 'lok')).err, /^keeper: unknown command 'lok'\n\(Did you mean look\?\)\n/)
  const late = await run(
    program(() => {
      throw new UsageError('a cat is no dog')
    }).program,
    'look',
    'x',
  )
  assert.equal(late.code, 2)
  assert.match(late.err, /^keeper: a cat is no dog\n\nusage: keeper look/)
})

test('an error is a sentence on standard error, with the exit code of its kind', async () => {
  for (const [error, code, sentence] of [
    [new Error('it rains'), 1, 'keeper: it rains\n'],
    [new Error('it rains', { cause: new Error('a cloud') }), 1, 'keeper: it rains: a cloud\n'],
    [new CommandFailure('a.conf:1:1: wrong\na.conf:2:1: too', 3), 3, 'a.conf:1:1: wrong\na.conf:2:1: too\n'],
    [new HomeError('no home', 4), 4, 'keeper: no home\n'],
    [new NoAnswerError('silence'), 3, 'keeper: silence\n'],
    [new RefusedError('no'), 4, 'keeper: no\n'],
    [Object.assign(new Error('closed'), { code: 'EACCES' }), 4, 'keeper: closed\n'],
  ] as const) {
    const { program: keeper } = program(() => {
      throw error
    })
    assert.deepEqual(await run(keeper, 'look', 'x'), { code, out: '', err: sentence })
  }
  const { program: keeper } = program(() => {
    throw new TypeError('mine')
  })
  const own: Program = { ...keeper, exitCodeOf: (error) => (error instanceof TypeError ? 3 : undefined) }
  assert.equal((await run(own, 'look', 'x')).code, 3)
})

test('--help and --version are 0, on standard output', async () => {
  const { program: keeper } = program()
  const help = await run(keeper, 'look', '--help')
  assert.deepEqual([help.code, help.err], [0, ''])
  assert.match(help.out, /\nLook at something\.\n[\s\S]*\nExample:\n {2}keeper look door\n/)
  const version = await run(keeper, '--version')
  assert.deepEqual([version.code, version.err], [0, ''])
  assert.match(version.out, /^keeper \d+\.\d+\.\d+\n$/)
})
