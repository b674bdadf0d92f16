/** What holds for runs of scripts, whoever starts them: each launcher of programs passes these. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { sessionMembers } from '../../lib/proc/session.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { languages } from '../../subagents/script/program.ts'
import { until } from './appliance.ts'
import { hasMembers, type RunOptions, resultOf, type Started, startRun as startRunWith } from './script.ts'

const hostile = `plain 'two words' "a \\"quote\\"" it\\'s ; '$(touch /nowhere)' '\x60id\x60' "first\nsecond" '' *`
const arrived = `<plain><two words><a "quote"><it's><;><$(touch /nowhere)><\`id\`><first\nsecond><><*>`

/** Registers the tests; `launcherOf` is asked when each begins. */
export function describeRuns(launcherOf: () => Launcher): void {
  let folder: string
  let showArguments: string
  const startRun = (options: Omit<RunOptions, 'launcher'>): Started =>
    startRunWith({ ...options, launcher: launcherOf() })
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'script run-'))
    showArguments = join(folder, 'show arguments')
    writeFileSync(showArguments, `#!/bin/sh\nprintf '<%s>' "$@"\n`)
    chmodSync(showArguments, 0o755)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('arguments with quotes, spaces, semicolons, $() and line breaks arrive at a program as they were', async () => {
    const started = startRun({
      command: `'${showArguments}' own`,
      language: languages.program,
      argument: hostile,
    })
    await started.over()
    assert.equal(resultOf(started.run), `<own>${arrived}`)
    assert.equal(started.run.exitCode, 'noError')
  })

  test('a shell, where the row asks for one, gets them as values and never as code', async () => {
    const started = startRun({ command: `printf '<%s>' "$@"`, argument: hostile })
    await started.over()
    assert.equal(resultOf(started.run), arrived)
  })

  test('without a shell the metacharacters of a command are characters', async () => {
    const started = startRun({ command: '/bin/echo $HOME ; echo * | cat', language: languages.program })
    await started.over()
    assert.equal(resultOf(started.run), '$HOME ; echo * | cat')
  })

  test('a script that prints for ever is stopped with noResourcesLeft, and its last octets are the result', async () => {
    const started = startRun({ command: 'yes 0123456789' })
    await started.over(3000)
    assert.equal(started.run.exitCode, 'noResourcesLeft')
    assert.match(started.run.error, /more than the 1000000 octets/)
    assert.equal(started.run.result.length <= 1024 && started.run.result.length > 1000, true)
    assert.match(resultOf(started.run), /\n0123456789\n0123456789/)
    assert.deepEqual(sessionMembers(started.leader()), [])
  })

  test('a script that forks for ever is stopped with noResourcesLeft, all its processes with it', async () => {
    const started = startRun({ command: 'while :; do sleep 60 & done' })
    await started.over()
    assert.equal(started.run.exitCode, 'noResourcesLeft')
    assert.match(started.run.error, /it had \d+ processes, more than the 50/)
    assert.deepEqual(sessionMembers(started.leader()), [])
  })

  test('a script that never ends, ignores SIGTERM and puts workers into other groups is killed at its life time', async () => {
    const started = startRun({
      command: `exec bash -c "trap '' TERM; set -m; sleep 60 & sleep 60 & wait"`,
      lifeTimeTicks: 30,
    })
    await started.begun()
    const groups = (): number => new Set(sessionMembers(started.leader()).map(({ groupId }) => groupId)).size
    await until(() => groups() === 3, 250, 'a group for each, which job control gives')
    await started.over(3000)
    assert.equal(started.run.exitCode, 'lifeTimeExceeded')
    assert.equal(started.run.lifeTime.ticks, 0)
    assert.deepEqual(sessionMembers(started.leader()), [])
  })

  test('a script that ends at SIGTERM may clean up before it is over', async () => {
    const started = startRun({
      command: `trap 'echo cleaned; exit 0' TERM; echo begun; while :; do sleep 0.02; done`,
      lifeTimeTicks: 20,
    })
    await started.over()
    assert.equal(resultOf(started.run), 'begun\ncleaned')
    assert.equal(started.run.exitCode, 'lifeTimeExceeded')
  })

  test('what a script leaves in its session ends with it; what made a session of its own stays', async () => {
    // It ends when the other has its session (the sixth field of stat): before that it is one of the script's.
    const own = 'daemon=$!; while read -r stat </proc/$daemon/stat; set -- $stat; [ "$6" != $daemon ]; do :; done'
    const started = startRun({ command: `sleep 60 & setsid sleep 60 & ${own}; echo $daemon` })
    await started.over()
    const daemon = Number(resultOf(started.run))
    try {
      assert.equal(started.run.exitCode, 'noError')
      assert.deepEqual(sessionMembers(started.leader()), [])
      assert.equal(readProcess(daemon)?.name, 'sleep')
    } finally {
      process.kill(daemon, 'SIGKILL')
    }
  })

  test('a script that is aborted while a process outside its session holds its output open still ends', async () => {
    const own = 'daemon=$!; while read -r stat </proc/$daemon/stat; set -- $stat; [ "$6" != $daemon ]; do :; done'
    const started = startRun({ command: `setsid sleep 60 & ${own}; echo $daemon` })
    await started.begun()
    await until(() => sessionMembers(started.leader()).length === 0, 5000, 'the end of its session')
    started.run.abort({ exitCode: 'halted', sentence: 'enough' })
    try {
      await started.over()
    } finally {
      process.kill(Number(resultOf(started.run)), 'SIGKILL')
    }
  })

  test('a suspended script stands still, its life time with it, until it is resumed', async () => {
    const started = startRun({ command: 'sleep 0.3 & wait; echo through', lifeTimeTicks: 100 })
    await started.begun()
    await hasMembers(started, 2)
    started.run.suspend()
    assert.equal(started.run.state, 'suspending')
    await until(() => started.run.state === 'suspended', 5000)
    assert.ok(sessionMembers(started.leader()).every(({ isStopped }) => isStopped))
    const { ticks } = started.run.lifeTime
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal(started.run.lifeTime.ticks, ticks)
    assert.equal(started.run.state, 'suspended')
    started.run.resume()
    await started.over()
    assert.equal(resultOf(started.run), 'through')
  })

  test('a suspended script can be aborted', async () => {
    const started = startRun({ command: 'sleep 60' })
    await started.begun()
    started.run.suspend()
    await until(() => started.run.state === 'suspended', 5000)
    started.run.abort({ exitCode: 'halted', sentence: 'it was aborted' })
    assert.equal(started.run.state, 'aborting')
    await started.over(2000)
    assert.equal(started.run.exitCode, 'halted')
    assert.deepEqual(sessionMembers(started.leader()), [])
  })

  test('life time 0 ends a run at once, even a suspended one', async () => {
    const started = startRun({ command: 'sleep 60' })
    await started.begun()
    started.run.suspend()
    await until(() => started.run.state === 'suspended', 5000)
    started.run.limit(0)
    await started.over(2000)
    assert.equal(started.run.exitCode, 'lifeTimeExceeded')
  })

  const ends: readonly (readonly [string, string, RegExp])[] = [
    ['exit 0', 'noError', /^$/],
    ['echo all is lost >&2; exit 3', 'runtimeError', /^it ended with exit code 3: all is lost$/],
    ['exit 64', 'invalidArgument', /exit code 64/],
    ['exit 77', 'securityViolation', /exit code 77/],
    ['/nowhere/at/all', 'languageError', /exit code 127: .*not found/],
    ['kill -SEGV $$', 'runtimeError', /^it was ended by SIGSEGV$/],
    ['kill -KILL $$', 'genericError', /^it was ended by SIGKILL$/],
  ]
  for (const [command, exitCode, sentence] of ends) {
    test(`smRunExitCode of "${command}" is ${exitCode}`, async () => {
      const started = startRun({ command })
      await started.over()
      assert.equal(started.run.exitCode, exitCode)
      assert.match(started.run.error, sentence)
      assert.equal(started.run.errorTime === 'never', exitCode === 'noError')
    })
  }

  test('what cannot be run or given to a program is told at once', () => {
    const program = (command: string, argument?: string | Uint8Array) => {
      const { run } = startRun({
        command,
        language: languages.program,
        ...(argument === undefined ? {} : { argument }),
      })
      return [run.state, run.exitCode, run.error]
    }
    assert.deepEqual(program('/nowhere/at/all'), ['terminated', 'languageError', 'there is no program /nowhere/at/all'])
    assert.match(program(join(folder, '.').replaceAll(' ', '\\ '))[2]!, /there is no program/)
    const invalid = program('/bin/echo', `'never closed`)
    assert.deepEqual(invalid.slice(0, 2), ['terminated', 'invalidArgument'])
    assert.match(invalid[2]!, /the quote at column 1 is not closed/)
    assert.match(program('/bin/echo', Uint8Array.of(0xff))[2]!, /not UTF-8/)
    assert.match(program('/bin/echo', 'a\0b')[2]!, /NUL/)
  })

  test('the environment is clean, standard input is empty, and the folder is /', async () => {
    process.env.CASTELLAN_TEST_SECRET = 'not for scripts'
    const started = startRun({ command: 'cat; pwd; /usr/bin/env -u PWD -u OLDPWD -u SHLVL -u _ | cut -d= -f1 | sort' })
    await started.over()
    delete process.env.CASTELLAN_TEST_SECRET
    assert.deepEqual(resultOf(started.run).split('\n'), ['/', 'CASTELLAN_HOME', 'HOME', 'LANG', 'PATH', 'SHELL'])
  })

  test('niceness holds from the first instruction, for a program and for all it starts', async () => {
    const started = startRun({ command: '/bin/sh -c nice', language: languages.program, niceness: 7 })
    await started.over()
    // nice(2) adds to what the tests themselves were started with.
    assert.equal(resultOf(started.run), String(Math.min(19, getPriority() + 7)))
  })

  test('lines on descriptor 3 are results and errors that the script tells of itself', async () => {
    const started = startRun({
      command: `echo chatter; echo 'result 5 calls' >&3; echo nonsense >&3; echo 'error line 2 is odd' >&3; echo more`,
    })
    await started.over()
    assert.deepEqual(started.said, ['5 calls', 'line 2 is odd'])
    assert.equal(resultOf(started.run), '5 calls')
    assert.equal(started.run.error, 'line 2 is odd')
    assert.equal(started.run.exitCode, 'noError')
  })

  test('a script that tells of itself for ever is heard ten times, not a thousand', async () => {
    const started = startRun({
      command: 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo "result $i" >&3; done',
    })
    await started.over()
    assert.ok(started.said.length >= 10 && started.said.length <= 15, `${started.said.length} times`)
    assert.equal(resultOf(started.run), '1000')
  })

  test('the result can be read while the script runs', async () => {
    const started = startRun({ command: 'echo half way; sleep 60' })
    await until(() => resultOf(started.run) === 'half way', 2000)
    assert.equal(started.run.state, 'executing')
    assert.notEqual(started.run.resultTime, 'never')
    started.run.kill()
    await started.over()
  })
}
