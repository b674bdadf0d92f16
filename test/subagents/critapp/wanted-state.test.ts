import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writePidFile } from '../../../lib/files/pid-file.ts'
import { boundOutput } from '../../../lib/log/output-file.ts'
import { hasEnded, readProcess } from '../../../lib/proc/process.ts'
import { sessionMembers } from '../../../lib/proc/session.ts'
import { parseProcStat } from '../../../lib/proc/stat.ts'
import { until } from '../../support/appliance.ts'
import { Bench, forever } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

test('a stop that the supervisor did not live to end is ended by the next one', async () => {
  const stubborn = bench.program(`trap '' TERM; ${forever}`)
  const first = bench.supervise({ startCommand: stubborn, stopTimeoutSeconds: 60 })
  await first.reaches('running')
  const { pid } = first.shown()
  first.supervisor.setAdminStatus(1, 'down')
  assert.equal(first.shown().state, 'stopping')
  first.supervisor.stop() // as kill -9 leaves it: nothing more comes from this one
  assert.ok(readProcess(pid))
  const second = bench.supervise({ startCommand: stubborn, adminStatus: 'down' })
  await second.reaches('stopped')
  assert.equal(readProcess(pid), undefined)
  assert.match(second.told.at(-1)!, /as requested$/)
})

test('where nothing is adopted, the PID file of the appliance says which stop is to be ended', async () => {
  const path = bench.program(forever)
  const child = spawn('/bin/sh', [path], { detached: true, stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until(() => readProcess(child.pid!)?.command[0] === '/bin/sh', 6000)
  await writePidFile(join(bench.folder, `${bench.name}.pid`), readProcess(child.pid!)!)
  const { reaches } = bench.supervise({ startCommand: path, adminStatus: 'down', findOnStartup: false })
  await ended
  await reaches('stopped')
})

test('what runs though it is wanted down is stopped, whenever it comes', async () => {
  const path = bench.program(forever)
  const { shown, reaches } = bench.supervise({ startCommand: path, adminStatus: 'down' })
  await reaches('stopped')
  const child = spawn('/bin/sh', [path], { detached: true, stdio: 'ignore' })
  await once(child, 'exit')
  await until(() => shown().exits === 1 && shown().state === 'stopped', 6000, 'that it is stopped')
})

test('restart on exit that is wished only after the end takes effect', async () => {
  const { supervisor, shown, reaches } = bench.supervise({ startCommand: bench.program(forever) })
  await reaches('running')
  process.kill(shown().pid, 'SIGKILL')
  await reaches('stopped')
  supervisor.configure({ ...shown().spec, restartOnExit: true })
  await reaches('running')
})

test('a restart that somebody orders is no failure: it has no delay and leaves the row wanted up', async () => {
  const { supervisor, shown, told, reaches } = bench.supervise({
    startCommand: bench.program(forever),
    restartOnExit: true,
    restartIntervalMs: 60_000,
  })
  await reaches('running')
  const { pid } = shown()
  supervisor.restart(1)
  await until(() => shown().state === 'running' && shown().pid !== pid, 5000, 'the new process')
  assert.deepEqual([shown().spec.adminStatus, shown().restarts, shown().exits], ['up', 0, 1])
  assert.match(told[1]!, /as requested$/)
})

test('what a process prints is bounded from its first moment on, and also on its way down', async () => {
  // Never up: it does not go by its row's name, and ends before that is given up.
  const chatty = bench.program('yes "a line of a hundred characters or so, and no news in it whatsoever"', 'chatty')
  const { shown, reaches } = bench.supervise({ startCommand: chatty })
  const path = join(bench.folder, `${bench.name}.out`)
  const kept = (): number => statSync(`${path}.1`, { throwIfNoEntry: false })?.size ?? 0
  await until(() => kept() > 0, 5000, 'the first cut')
  assert.equal(shown().state, 'starting')
  assert.ok(kept() <= 1024 * 1024)
  bench.supervisors[0]!.setAdminStatus(1, 'down')
  await reaches('stopped', 15_000)
})

test('output that outgrew its bound at once is cut to its last part', () => {
  const path = join(bench.folder, 'x.out')
  writeFileSync(path, `${'x'.repeat(5 * 1024 * 1024)}the end`)
  boundOutput(path)
  assert.equal(statSync(path).size, 0)
  const kept = readFileSync(`${path}.1`, 'utf8')
  assert.equal(kept.length, 1024 * 1024)
  assert.ok(kept.endsWith('the end'))
})

test('output that cannot be kept is cut all the same', () => {
  const path = join(bench.folder, 'x.out')
  writeFileSync(path, 'x'.repeat(2 * 1024 * 1024))
  mkdirSync(`${path}.1`) // stands for a disk without room
  boundOutput(path)
  assert.equal(statSync(path).size, 0)
})

for (const [what, spec] of [
  ['terminate', { terminateCommand: 'hangs' }],
  ['graceful', { gracefulCommand: 'hangs' }],
] as const) {
  test(`a ${what} command that hangs is ended with all that it started, and its row goes on`, async () => {
    const pidFile = join(bench.folder, 'hanging')
    const hangs = bench.program(`echo $$ > ${pidFile}; sleep 1000 & wait`, 'hangs')
    const command = Object.fromEntries(Object.keys(spec).map((name) => [name, hangs]))
    const { supervisor, reaches } = bench.supervise(
      { startCommand: bench.program(forever), ...command },
      { gracefulWithinMs: 500 },
    )
    await reaches('running')
    if (what === 'terminate') supervisor.setAdminStatus(1, 'down')
    else supervisor.graceful(1)
    const leader = (): number => Number(readFileSync(pidFile, 'utf8'))
    await until(() => statSync(pidFile, { throwIfNoEntry: false })?.size !== undefined && leader() > 0, 6000)
    const identity = readProcess(leader())!
    await until(() => sessionMembers(identity).length === 0, 6000, 'its end')
    if (what === 'terminate') await reaches('stopped')
    else assert.equal(supervisor.find(1)?.state, 'running')
  })
}

/** Its main thread ends by the system call of one thread, and another lives on. */
const mainThreadEnds = `
import ctypes, platform, threading, time
threading.Thread(target=lambda: time.sleep(60)).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == 'x86_64' else 93, 0)
`

test('a process whose main thread has ended lives as long as its other threads, and can be stopped', async () => {
  const script = join(bench.folder, `${bench.name}.py`)
  writeFileSync(script, mainThreadEnds)
  const { supervisor, shown, reaches } = bench.supervise({ startCommand: `python3 ${script}`, restartOnExit: true })
  await reaches('running')
  const { pid } = shown()
  const readStat = () => parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  await until(() => readStat().state === 'Z', 6000, 'the end of its main thread')
  const stat = readStat()
  assert.deepEqual([stat.state, stat.threadCount > 1, hasEnded(stat)], ['Z', true, false])
  assert.equal(readProcess(pid)?.command.at(-1), script)
  assert.equal(sessionMembers(stat).length, 1)
  supervisor.stop()
  const second = bench.supervise({ startCommand: `python3 ${script}` })
  await second.reaches('adopted')
  assert.equal(second.shown().pid, pid, 'it is not started twice')
  second.supervisor.setAdminStatus(1, 'down')
  await second.reaches('stopped')
})

test('a process whose output cannot be kept is started all the same', async () => {
  const outputFolder = join(bench.folder, 'no-folder')
  writeFileSync(outputFolder, '') // stands for a disk without room for another file
  const { reaches } = bench.supervise({ startCommand: bench.program(forever) }, { outputFolder })
  await reaches('running')
})

test('a graceful command that stops the process and starts it again is no failure of it', async () => {
  const startCommand = bench.program(forever)
  const restarts = bench.program(
    `kill -KILL $(cat ${bench.folder}/pid); sleep 0.3; ${startCommand} </dev/null >/dev/null 2>&1 & sleep 0.4`,
    'graceful-restart',
  )
  const { supervisor, shown, told, reaches } = bench.supervise({
    startCommand,
    gracefulCommand: restarts,
    restartOnExit: true,
    restartIntervalMs: 60_000,
  })
  await reaches('running')
  const { pid } = shown()
  writeFileSync(join(bench.folder, 'pid'), String(pid))
  supervisor.graceful(1)
  await until(() => shown().isUp && shown().pid !== pid, 5000, 'the new process')
  assert.equal(shown().restarts, 0)
  assert.ok(
    told.every((sentence) => !sentence.includes('next try')),
    told.join('\n'),
  )
})

test('a process that crashes while its graceful command runs has failed', async () => {
  const crashes = bench.program(`kill -SEGV $(cat ${bench.folder}/pid); sleep 0.3`, 'graceful-crash')
  const { supervisor, shown, reaches } = bench.supervise({
    startCommand: bench.program(forever),
    gracefulCommand: crashes,
    restartOnExit: true,
    restartIntervalMs: 60_000,
  })
  await reaches('running')
  writeFileSync(join(bench.folder, 'pid'), String(shown().pid))
  supervisor.graceful(1)
  await reaches('restartWait')
  assert.match(shown().lastError, /was ended by SIGSEGV, next try in /)
})
