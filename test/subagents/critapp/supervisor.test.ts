import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import { readProcess, visibleProcesses } from '../../../lib/proc/process.ts'
import { parseCommand } from '../../../lib/text/command.ts'
import { findProcesses } from '../../../subagents/critapp/find.ts'
import type { ProcessSpec } from '../../../subagents/critapp/process.ts'
import { nextState, transitions } from '../../../subagents/critapp/states.ts'
import { RestartHistory } from '../../../subagents/critapp/storm.ts'
import { until } from '../../support/appliance.ts'
import { Bench } from './bench.ts'

let bench: Bench
let folder: string
let name: string

beforeEach(() => {
  bench = new Bench()
  folder = bench.folder
  name = bench.name
})

afterEach(() => bench.clear())

const program = (script: string): string => bench.program(script)
const supervise = (spec: Partial<ProcessSpec>, options: Parameters<Bench['supervise']>[1] = {}) =>
  bench.supervise(spec, options)

test('a process that stays in front is known as running, and its exit code when it ends', async () => {
  const { told, shown, reaches } = supervise({ startCommand: program('sleep 1; exit 3') })
  await reaches('running')
  assert.equal(readProcess(shown().pid)?.groupId, shown().pid, 'it leads a session of its own')
  await reaches('stopped')
  assert.deepEqual(
    [shown().isUp, shown().pid, shown().lastExitCode, shown().lastExitSignal, shown().exits],
    [false, 0, 3, 0, 1],
  )
  assert.equal(told.at(-1), `${name} ended with exit code 3`)
})

test('a process that daemonizes is found behind its start command', async () => {
  const daemon = program('exec sleep 60')
  const starter = join(folder, 'starter')
  writeFileSync(starter, `#!/bin/sh\nsetsid sh ${daemon} </dev/null >/dev/null 2>&1 &\nexit 0\n`)
  chmodSync(starter, 0o755)
  writeFileSync(daemon, '#!/bin/sh\nsleep 60\n')
  const { shown, reaches } = supervise({ startCommand: starter })
  await reaches('running')
  assert.deepEqual(readProcess(shown().pid)?.command, ['sh', daemon])
})

test('kill -9 is noticed within a second and repaired after the interval', async () => {
  const { shown, reaches } = supervise({ startCommand: program('while :; do sleep 0.1; done'), restartOnExit: true })
  await reaches('running')
  const { pid } = shown()
  process.kill(pid, 'SIGKILL')
  await until(() => shown().exits === 1, 1000)
  assert.equal(shown().lastExitSignal, 9)
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  assert.equal(shown().restarts, 1)
})

test('a process that ignores SIGTERM is killed when its time is over', async () => {
  const { supervisor, shown, reaches } = supervise({
    startCommand: program("trap '' TERM; while :; do sleep 0.1; done"),
  })
  await reaches('running')
  supervisor.setAdminStatus(1, 'down')
  assert.equal(shown().state, 'stopping')
  await reaches('stopped', 3000)
  assert.equal(shown().lastExitSignal, 9)
})

test('the terminate command is what stops a process', async () => {
  const { supervisor, shown, reaches } = supervise({ startCommand: program('while :; do sleep 0.1; done') })
  await reaches('running')
  const stopper = join(folder, 'stopper')
  writeFileSync(stopper, `#!/bin/sh\nkill -INT ${shown().pid}\nkill -KILL ${shown().pid}\n`)
  chmodSync(stopper, 0o755)
  supervisor.configure({ ...shown().spec, terminateCommand: stopper, adminStatus: 'down' })
  await reaches('stopped')
  assert.equal(shown().lastError, '')
})

test('a start command that fails says why, in one sentence, and the log has the last line it printed', async () => {
  const failing = program('echo "no licence" >&2; exit 4')
  const lines: string[] = []
  const log = { ...silentLog, error: (_: string, fields?: object) => void lines.push(JSON.stringify(fields)) }
  const { told, shown, reaches } = supervise({ startCommand: failing }, { log })
  await reaches('failed')
  assert.equal(shown().lastError, `${failing} ended with exit code 4`)
  assert.equal(shown().lastSaid, 'no licence')
  assert.deepEqual(told, [shown().lastError])
  assert.match(lines.join('\n'), /ended with exit code 4: no licence/)
})

test('why a start failed is read by more people than the command is: neither its arguments nor what it printed is quoted', async () => {
  const failing = program('echo "no such password: S3cr3t" >&2; exit 4')
  for (const startCommand of [`${failing} --password S3cr3t`, '/no/such/thing --password S3cr3t', '/x "S3cr3t']) {
    const { told, shown, reaches } = supervise({ startCommand })
    await reaches('failed')
    assert.notEqual(shown().lastError, '')
    assert.doesNotMatch([shown().lastError, ...told].join('\n'), /S3cr3t/)
  }
})

test('a start command that does not exist or is not of the grammar fails without a throw', async () => {
  const { shown, supervisor, reaches } = supervise({ startCommand: '/no/such/thing' })
  await reaches('failed')
  assert.match(shown().lastError, /there is no such program/)
  supervisor.configure({ ...shown().spec, startCommand: '"open', adminStatus: 'down' })
  supervisor.setAdminStatus(1, 'up')
  await reaches('failed')
  assert.match(shown().lastError, /the quote at column 1 is not closed/)
})

/** A start command that leaves its daemon behind only some time after it was called, as a slow `sip start` does. */
function slowStarter(seconds: number): string {
  const daemon = program('')
  writeFileSync(daemon, '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
  const starter = join(folder, 'starter')
  writeFileSync(
    starter,
    `#!/bin/sh\nsetsid sh ${daemon} </dev/null >/dev/null 2>&1 &\nsleep ${seconds}\ntouch ${folder}/serves\nexit 0\n`,
  )
  chmodSync(starter, 0o755)
  return starter
}

test('a daemon is up when its start command says so by ending, not when its process is seen', async () => {
  const { reaches } = supervise({ startCommand: slowStarter(1) })
  await reaches('running')
  assert.ok(existsSync(join(folder, 'serves')))
})

test('a row set down while its start command runs stops the daemon that appears, and goes up again', async () => {
  const { supervisor, shown, reaches } = supervise({ startCommand: slowStarter(0.4) })
  await reaches('starting')
  supervisor.setAdminStatus(1, 'down')
  assert.equal(shown().state, 'stopping')
  await reaches('stopped')
  const left = visibleProcesses().filter(({ command }) => command.includes(join(folder, name)))
  assert.deepEqual(left, [], 'nothing of it is left')
  supervisor.setAdminStatus(1, 'up')
  await reaches('running')
})

test('a row set down after its start command left nothing behind comes to an end', async () => {
  const starter = join(folder, 'starter')
  writeFileSync(starter, '#!/bin/sh\nexit 0\n')
  chmodSync(starter, 0o755)
  const { supervisor, reaches } = supervise({ startCommand: starter })
  await new Promise((resolve) => setTimeout(resolve, 100)) // its child has ended, and that has no event to wait for
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  supervisor.setAdminStatus(1, 'up')
  await reaches('starting')
})

for (const [what, terminateCommand] of [
  ['an empty word', "''"],
  ['a NUL', 'a\0b'],
  ['no such program', '/no/such/thing'],
] as const) {
  test(`a terminate command of ${what} falls back to SIGTERM`, async () => {
    const startCommand = program('while :; do sleep 0.1; done')
    const { supervisor, shown, reaches } = supervise({ startCommand, terminateCommand })
    await reaches('running')
    supervisor.setAdminStatus(1, 'down')
    await reaches('stopped', 900)
    assert.equal(shown().lastExitSignal, 15)
  })
}

test('a restart that waits is given up when restart on exit is taken back', async () => {
  const startCommand = program('while :; do sleep 0.1; done')
  const { supervisor, shown, reaches } = supervise({ startCommand, restartOnExit: true, restartIntervalMs: 60_000 })
  await reaches('running')
  process.kill(shown().pid, 'SIGKILL')
  await reaches('restartWait')
  supervisor.configure({ ...shown().spec, restartOnExit: false })
  assert.equal(shown().state, 'stopped')
})

test('workers that outlive their parent are ended, and are not taken for the process', async () => {
  const startCommand = program(`[ "$1" = worker ] || sh "$0" worker &\nwhile :; do sleep 0.1; done`)
  const { shown, reaches } = supervise({ startCommand, restartOnExit: true })
  await reaches('running')
  const { pid } = shown()
  const workers = () => visibleProcesses().filter(({ groupId }) => groupId === pid)
  await until(() => workers().length > 1, 1000)
  process.kill(pid, 'SIGKILL')
  await until(() => workers().length === 0, 1000, 'the end of the workers')
  await reaches('running')
  assert.notEqual(shown().pid, pid)
})

test('an adopted process has the up time it had', async () => {
  const child = spawn('sh', [program('while :; do sleep 0.1; done')], { detached: true, stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 600)) // an age to be seen
  const { shown, reaches } = supervise({ startCommand: '/never/run' })
  await reaches('adopted')
  assert.equal(shown().pid, child.pid)
  assert.ok(performance.now() - shown().startedMonotonicMs >= 500)
  assert.ok(Date.now() - shown().lastStart!.getTime() >= 500)
})

test('a process of another appliance, by its argument or its environment, is not ours', () => {
  const home = join(folder, 'home')
  const here = { pid: 0, groupId: 1, parentPid: 1, startTicks: 1, name: 'sh', state: 'S' }
  const search = { name, home, isTrusted: () => true }
  const seen = (command: string[]) =>
    findProcesses({ ...search, pidFile: join(folder, `${name}.pid`) }, [{ ...here, command }]).main !== undefined
  assert.ok(seen([name, '--home', home]))
  assert.ok(seen([name]))
  assert.ok(!seen([name, '--home', '/elsewhere']))
  assert.ok(!seen([name, '--home=/elsewhere']))
  const elsewhere = spawn('sleep', ['5'], { env: { CASTELLAN_HOME: '/elsewhere' }, stdio: 'ignore' })
  const read = readProcess(elsewhere.pid!)!
  const sleeps = { ...search, name: 'sleep', pidFile: join(folder, 'sleep.pid') }
  assert.equal(findProcesses(sleeps, [read]).main, undefined)
  elsewhere.kill()
})

test('a process that ends again and again is started ever later, then given up until somebody sets it up', async () => {
  const failing = program('sleep 1; exit 7')
  const { supervisor, told, shown, reaches } = supervise({ startCommand: failing, restartOnExit: true, maxRestarts: 2 })
  await until(() => shown().state === 'failed' && shown().exits === 3, 15_000, 'the end of patience')
  assert.equal(shown().restarts, 2)
  const ends = told.filter((sentence) => sentence.includes('exit code 7'))
  assert.match(ends[0]!, /ended with exit code 7, next try in 0\.1 s$/)
  assert.match(ends[1]!, /ended with exit code 7, second time in 10 min, next try in 0\.2 s$/)
  assert.match(ends[2]!, /third time in 10 min; it is not started again before somebody sets it up$/)
  assert.match(told.at(-1)!, /ended too often, third time in 10 min/)
  supervisor.setAdminStatus(1, 'up')
  await reaches('running')
})

test('delays double up to five minutes with some jitter, and what is long ago does not count', () => {
  const history = new RestartHistory()
  const rules = { intervalMs: 30_000, maxRestarts: 0, windowMs: 600_000 }
  const delays = [0, 1, 2, 3, 4, 5].map((minute) => history.next(minute * 60_000, rules, () => 0))
  assert.deepEqual(delays, [30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
  assert.equal(
    history.next(3_600_000, rules, () => 1),
    33_000,
    'an hour later it is the first again',
  )
})

test('processes start in their order: the second when the first is up', async () => {
  const marks = join(folder, 'marks')
  const first = program(`echo first >> ${marks}; while :; do sleep 0.1; done`)
  const { spec: down } = supervise({ startCommand: '', adminStatus: 'down' }).shown()
  const spec = { ...down, adminStatus: 'up' as const }
  const second = join(folder, `${name}b`)
  writeFileSync(second, `#!/bin/sh\necho second >> ${marks}\nwhile :; do sleep 0.1; done\n`)
  chmodSync(second, 0o755)
  const ordered = bench.supervisor()
  ordered.configure({ ...spec, index: 1, name: `${name}b`, startCommand: second, startOrder: 2 })
  ordered.configure({ ...spec, index: 2, startCommand: first, startOrder: 1 })
  ordered.start()
  assert.equal(ordered.find(1)?.state, 'unknown')
  await until(() => ordered.find(1)?.state === 'running', 5000, 'the second')
  assert.equal(readFileSync(marks, 'utf8'), 'first\nsecond\n')
})

test('the graceful command runs while the process goes on, and its failure is said', async () => {
  const startCommand = program('while :; do sleep 0.1; done')
  const mark = join(folder, 'graceful')
  const { supervisor, shown, reaches } = supervise({ startCommand, gracefulCommand: `/usr/bin/touch ${mark}` })
  await reaches('running')
  const { pid } = shown()
  supervisor.graceful(1)
  await until(() => existsSync(mark), 2000)
  assert.equal(shown().pid, pid)
  supervisor.configure({ ...shown().spec, gracefulCommand: '/bin/false' })
  supervisor.graceful(1)
  await until(() => /graceful restart of .*: ended with exit code 1/.test(shown().lastError), 2000)
})

test('our end is not its end, and the next supervisor adopts it', async () => {
  const first = supervise({ startCommand: program('while :; do sleep 0.1; done') })
  await first.reaches('running')
  const { pid } = first.shown()
  first.supervisor.stop()
  const second = supervise({ startCommand: '/never/run' })
  await second.reaches('adopted')
  assert.equal(second.shown().pid, pid)
  assert.match(second.told[0] ?? '', /runs already as PID \d+ and was adopted/)
  process.kill(pid, 'SIGKILL')
  await until(() => second.shown().exits === 1, 1000)
})

test('every event has a meaning in some state, and no event leads out of the table', () => {
  for (const [state, row] of Object.entries(transitions)) {
    for (const [event, next] of Object.entries(row)) {
      assert.ok(next in transitions, `${state} ${event}`)
      assert.equal(nextState(state as 'running', event as 'exited'), next)
    }
  }
  assert.equal(nextState('running', 'ready'), 'running', 'what is not in the table changes nothing')
})

for (const [text, argv] of [
  ['/bin/sip start', ['/bin/sip', 'start']],
  ['  a   b\tc ', ['a', 'b', 'c']],
  [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
  [`a "x\\"y\\\\z" b\\ c`, ['a', 'x"y\\z', 'b c']],
  [`a '' ";$(id)"`, ['a', '', ';$(id)']],
  [`a"b"'c'`, ['abc']],
] as const) {
  test(`the command ${text} is ${JSON.stringify(argv)}`, () => assert.deepEqual(parseCommand(text), { argv }))
}
