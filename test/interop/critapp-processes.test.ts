import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { hasEnded, readProcess } from '../../lib/proc/process.ts'
import { sessionMembers } from '../../lib/proc/session.ts'
import { parseProcStat, parseWaitStatus } from '../../lib/proc/stat.ts'
import { exitStatusOf } from '../../subagents/critapp/host/exit-status.ts'
import { until } from '../support/appliance.ts'
import { nobody, readableProgram } from '../support/other-user.ts'
import { Bench, forever } from '../support/supervision.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

test('after 1,000 deaths of children there is no zombie', async () => {
  const dies = bench.program('exit 1')
  const supervisor = bench.supervisor()
  const rows = 25
  const deaths = (): number => supervisor.processes().reduce((sum, { restarts }) => sum + restarts, 0)
  for (let index = 1; index <= rows; index++)
    supervisor.configure(
      bench.spec({
        index,
        startCommand: dies,
        name: `${bench.name}${index}`,
        restartOnExit: true,
        restartIntervalMs: 0,
        // Nothing is recent, so the delay does not grow.
        restartWindowMs: 0,
      }),
    )
  supervisor.start()
  await until(() => deaths() >= 1000, 60_000, '1,000 restarts')
  supervisor.stop()
  await until(() => children().length === 0, 2000, 'that the last ones end')
})

/** Of this process, zombies among them. */
function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = parseProcStat(readFileSync(`/proc/${name}/stat`, 'latin1'))
        return stat.parentPid === process.pid ? [stat.pid] : []
      } catch {
        return []
      }
    })
}

test('a zombie tells how it ended, by its exit status in /proc', async () => {
  // The shell becomes a program that never waits for its child.
  const parent = spawn('/bin/sh', ['-c', 'sh -c "exit 7" & exec sleep 5'], { stdio: 'ignore' })
  const zombie = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          return [readFileSync(`/proc/${name}/stat`, 'latin1')]
        } catch {
          return [] // it ended meanwhile
        }
      })
      .find((stat) => parseProcStat(stat).parentPid === parent.pid && parseProcStat(stat).state === 'Z')
  await until(() => zombie() !== undefined, 2000, 'the zombie')
  const stat = zombie()!
  const { pid, startTicks } = parseProcStat(stat)
  assert.equal(parseWaitStatus(stat, startTicks), 7 << 8)
  assert.equal(parseWaitStatus(stat, startTicks + 1), undefined, 'of another one with its PID it says nothing')
  const identity = { pid, startTicks, command: [] }
  assert.deepEqual(exitStatusOf({ identity, pidFile: undefined }), {
    code: 7,
    signal: 0,
    how: 'ended with exit code 7',
  })
  parent.kill('SIGKILL')
  await once(parent, 'exit')
})

test('a process of another user, which may not be signalled, is not adopted', (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root may start a supervisor as another user')
  const [search, linuxHost, clock, log] = [
    'subagents/critapp/observation/search.js',
    'subagents/critapp/host/linux-host.js',
    'lib/time/clock.js',
    'lib/log/log.js',
  ].map((file) => JSON.stringify(join(readableProgram(), 'dist', file)))
  const script = `
    import { ProcessSearch } from ${search}
    import { LinuxHost } from ${linuxHost}
    import { systemClock } from ${clock}
    import { silentLog } from ${log}
    const options = { log: silentLog, pidFileOf: () => '/nowhere', pidFolders: [], outputFolder: '/nowhere' }
    const search = new ProcessSearch({ clock: systemClock, home: '/nowhere', host: new LinuxHost(options) })
    console.log(search.find(${JSON.stringify(bench.name)}, undefined).count)`
  const look = (uid: number) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { uid, gid: uid, encoding: 'utf8', cwd: '/' })
  const theirs = spawn(bench.program(forever), { stdio: 'ignore' })
  t.after(() => theirs.kill('SIGKILL'))
  assert.deepEqual([look(0).stdout, look(nobody).stdout], ['1\n', '0\n'])
})

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
