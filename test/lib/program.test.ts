import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, test } from 'node:test'
import { sessionLeader, sessionMembers } from '../../lib/proc/session.ts'
import { cleanEnvironment, defaultPath, programPath } from '../../lib/program/environment.ts'
import { describeExit } from '../../lib/program/exit.ts'
import { lastLine, lastWords } from '../../lib/program/last-words.ts'
import { runProgram } from '../../lib/program/run.ts'
import { type Argv, startProgram } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'

const folder = mkdtempSync(join(tmpdir(), 'program-'))
after(() => rmSync(folder, { recursive: true }))
const limitMs = 10_000
let made = 0

function script(text: string, mode = 0o755): string {
  const path = join(folder, `script${++made}`)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const sh = (command: string): Argv => ['/bin/sh', '-c', command]

test('programs are started by lib/program alone', () => {
  const houses = ['agent', 'agentx', 'lib', 'snmp', 'subagents', 'sipd', 'views', 'commands']
  const users = houses.flatMap((house) =>
    readdirSync(join(programRoot, house), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(house, name))
      .filter((name) => /['"](node:)?child_process['"]/.test(readFileSync(join(programRoot, name), 'utf8'))),
  )
  // program.ts has its type alone.
  assert.deepEqual(users.sort(), ['lib/program/program.ts', 'lib/program/start.ts'])
  assert.equal(relative(programRoot, dirname(join(programRoot, users[0]!))), 'lib/program')
})

test('a program gets the variables of the list and what its caller names, and nothing that was agreed with us', async () => {
  const agreed = {
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '30000000',
    WATCHDOG_PID: String(process.pid),
    LISTEN_FDS: '1',
    LISTEN_PID: String(process.pid),
    NODE_CHANNEL_FD: '3',
    NODE_UNIQUE_ID: '1',
    NODE_OPTIONS: '--no-warnings',
    INVOCATION_ID: 'x',
    JOURNAL_STREAM: '8:1',
    OF_NO_LIST: 'x',
    TZ: 'Europe/Paris',
    LC_TIME: 'C',
    CASTELLAN_HOME: '/home/of/it',
  }
  const before = { ...process.env }
  Object.assign(process.env, agreed)
  try {
    const { output } = await runProgram({ argv: ['env'], variables: { CASTELLAN_LOG_LINE: 'a line' }, limitMs })
    const got = new Map(output.split('\n').map((line) => line.split(/=(.*)/s) as [string, string]))
    for (const name of Object.keys(agreed).slice(0, 11)) assert.equal(got.get(name), undefined, name)
    assert.deepEqual(
      ['TZ', 'LC_TIME', 'CASTELLAN_HOME', 'CASTELLAN_LOG_LINE'].map((name) => got.get(name)),
      ['Europe/Paris', 'C', '/home/of/it', 'a line'],
    )
  } finally {
    for (const name of Object.keys(agreed)) delete process.env[name]
    Object.assign(process.env, before)
  }
})

test('node is found without a PATH, and last of all where there is one', () => {
  const own = dirname(process.execPath)
  assert.equal(programPath('/a:/b'), `/a:/b:${own}`)
  assert.equal(programPath(`/a:${own}:/b`), `/a:${own}:/b`)
  assert.ok(programPath(undefined).startsWith(defaultPath))
  assert.equal(programPath(''), programPath(undefined), 'an empty one means the current folder, and is none')
  assert.ok(cleanEnvironment({}, {}).HOME, 'systemd gives a unit without User= no HOME')
})

test('launchers run with the node that we run with, whatever node comes first in PATH', async () => {
  const wrong = join(folder, 'wrong')
  writeFileSync(join(folder, 'node'), '#!/bin/sh\necho an old node\n', { mode: 0o755 })
  const variables = { PATH: `${folder}:${wrong}:/usr/bin:/bin` }
  const { exit, output } = await runProgram({
    argv: [join(programRoot, 'bin', 'sip'), '--version'],
    variables,
    limitMs,
  })
  assert.deepEqual(exit, { kind: 'exited', code: 0 })
  assert.match(output, /^sip \d/)
  rmSync(join(folder, 'node'))
  // Of others that begin with #!/usr/bin/env node too, where there is none in PATH but ours.
  const launcher = script('#!/usr/bin/env node\nconsole.log("found")\n')
  const found = await runProgram({
    argv: [launcher],
    variables: { PATH: programPath('/nowhere') },
    limitMs,
  })
  assert.equal(found.output, 'found\n')
})

test('an end is a value: an exit code, a signal, a limit, or why there was no start', async () => {
  const exitOf = async (argv: Argv, more: object = {}) => (await runProgram({ argv, limitMs, ...more })).exit
  assert.deepEqual(await exitOf(sh('exit 3')), { kind: 'exited', code: 3 })
  assert.deepEqual(await exitOf(sh('kill -TERM $$')), { kind: 'signalled', signal: 'SIGTERM' })
  assert.deepEqual(await exitOf(sh('sleep 60'), { limitMs: 100 }), { kind: 'timedOut', limitMs: 100 })
  assert.deepEqual(await exitOf(sh('sleep 60'), { signal: AbortSignal.timeout(100) }), { kind: 'aborted' })
  assert.deepEqual(await exitOf(sh('yes'), { maxOctets: 10, whenMore: 'kill' }), {
    kind: 'printedTooMuch',
    maxOctets: 10,
  })
})

for (const [what, argv, more, reason] of [
  ['a program that is not there', () => ['/no/such'], {}, /^there is no such program$/],
  ['one that may not be executed', () => [script('', 0o644)], {}, /^the program may not be executed$/],
  ['a script without its interpreter', () => [script('#!/no/such/sh\n')], {}, /does not exist: \/no\/such\/sh$/],
  [
    'a folder that is not there',
    () => ['true'],
    { folder: '/no/folder' },
    /^the working folder \/no\/folder does not exist$/,
  ],
  ['an argument with a NUL', () => ['true', 'a\0b'], {}, /null bytes/],
  [
    'more arguments than fit',
    () => ['true', 'x'.repeat(4_000_000)],
    {},
    /^its arguments and environment are too long$/,
  ],
] as const) {
  test(`${what} is no throw but a sentence`, async () => {
    const program = startProgram({ argv: argv() as unknown as Argv, ...more })
    assert.equal(program.pid, undefined)
    const exit = await program.exited
    assert.equal(exit.kind, 'notStarted')
    if (exit.kind === 'notStarted') assert.match(exit.reason, reason)
    assert.match(describeExit(exit), /^could not be started: /)
    assert.equal(program.signalAll('SIGKILL'), 0)
  })
}

test('both streams are kept up to their bound, in the order in which they came', async () => {
  const said = await runProgram({ argv: sh('echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three'), limitMs })
  assert.deepEqual([said.output, said.errors, said.printed], ['one\nthree\n', 'two\n', 'one\ntwo\nthree\n'])
  const cut = await runProgram({ argv: sh('yes | head -c 1000000'), limitMs, maxOctets: 100 })
  assert.deepEqual([cut.exit, cut.output.length], [{ kind: 'exited', code: 0 }, 100])
})

test('what holds the output open after the end is not waited for', async () => {
  const { output, exit } = await runProgram({ argv: sh('setsid sleep 5 & echo $!'), limitMs })
  assert.deepEqual(exit, { kind: 'exited', code: 0 })
  process.kill(Number(output), 'SIGKILL')
})

test('a limit ends the whole session, its other process groups too', async () => {
  const pidFile = join(folder, 'groups')
  const argv = ['bash', '-c', `echo $$ > ${pidFile}; set -m; sleep 60 & sleep 60 & wait`] as const
  const running = runProgram({ argv, limitMs: 1000 })
  await until(() => readFileSync(pidFile, { encoding: 'utf8', flag: 'a+' }).endsWith('\n'), 5000)
  const leader = sessionLeader(Number(readFileSync(pidFile, 'utf8')))
  assert.equal((await running).exit.kind, 'timedOut')
  await until(() => sessionMembers(leader).length === 0, 5000, 'the end of all of it')
})

test('an end is asked for first, and forced on what does not listen', async () => {
  const heard = join(folder, 'polite')
  const polite = startProgram({ argv: sh(`trap 'exit 7' TERM; touch ${heard}; while :; do sleep 0.02; done`) })
  await until(() => readdirSync(folder).includes('polite'), 5000)
  assert.deepEqual(await polite.end(systemClock, 60_000), { kind: 'exited', code: 7 })
  const marked = join(folder, 'deaf')
  const deaf = startProgram({ argv: sh(`trap '' TERM; touch ${marked}; while :; do sleep 0.02; done`) })
  await until(() => readdirSync(folder).includes('deaf'), 5000)
  const clock = new ManualClock()
  const ended = deaf.end(clock, 1000)
  clock.advance(1000)
  assert.deepEqual(await ended, { kind: 'signalled', signal: 'SIGKILL' })
})

test('a program leads a session of its own in the root folder, and is as nice as it is asked to be', async () => {
  const { output } = await runProgram({ argv: sh('ps -o pid=,sid=,ni= -p $$; pwd'), niceness: 7, limitMs })
  assert.match(output, /^\s*(\d+)\s+\1\s+7\n\/\n$/)
})

test('the last words of a program are its last lines', () => {
  const path = script('first\n\n  last  \n')
  assert.deepEqual([lastLine(path), lastWords(path)], ['last', 'first\n\n  last'])
  assert.equal(lastWords(join(folder, 'none')), '')
})

const isRoot = process.getuid?.() === 0

test('a program whose words were lost on a full disk has that for its last words', {
  skip: !isRoot && 'only root may mount a disk',
}, async () => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const module = join(programRoot, 'dist', 'lib', 'program', 'last-words.js')
  const ask = `import(${JSON.stringify(module)}).then(({ lastWords }) => console.log(lastWords('${disk}/x.out')))`
  const command = [
    `mount -t tmpfs -o size=16k tmpfs ${disk}`,
    `: > ${disk}/x.out`,
    `cat /dev/zero > ${disk}/filler 2>/dev/null`,
    `exec ${process.execPath} -e "$0"`,
  ].join('; ')
  const { output } = await runProgram({ argv: ['unshare', '--mount', 'sh', '-c', command, ask], limitMs })
  assert.equal(output, `what it printed is lost, as the disk of ${disk} is full\n`)
})
