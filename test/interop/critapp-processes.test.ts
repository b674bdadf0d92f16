import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writePidFile } from '../../lib/files/pid-file.ts'
import { hasEnded, isRunning, readProcess, visibleProcesses } from '../../lib/proc/process.ts'
import { sessionMembers } from '../../lib/proc/session.ts'
import { parseProcStat, parseWaitStatus } from '../../lib/proc/stat.ts'
import { exitStatusOf } from '../../subagents/critapp/host/exit-status.ts'
import { until } from '../support/appliance.ts'
import { Bench, forever } from '../support/supervision.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

const lastPid = '/proc/sys/kernel/ns_last_pid'

/** A new process with this very PID; undefined where the kernel does not let us choose. */
async function spawnAs(pid: number, program: string): Promise<ReturnType<typeof spawn> | undefined> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      writeFileSync(lastPid, String(pid - 1))
    } catch {
      return undefined
    }
    const child = spawn('/bin/sh', [program], { detached: true, stdio: 'ignore' })
    if (child.pid === pid) return child
    child.kill('SIGKILL') // somebody else on this machine was faster
    await once(child, 'exit')
  }
  return undefined
}

test('a process that was given the PID of a dead one is neither taken for it nor touched', async (t) => {
  if (process.getuid?.() !== 0) return t.skip(`only root may write ${lastPid}`)
  // Without children: one of its group that lived on would keep the kernel from giving its PID again.
  const fifo = join(bench.folder, 'fifo')
  await once(spawn('mkfifo', [fifo]), 'exit')
  const waits = `read line <${fifo}`
  const original = spawn('/bin/sh', [bench.program(waits)], { detached: true, stdio: 'ignore' })
  const { pid } = original
  await until(() => readProcess(pid!)?.command[0] === '/bin/sh', 1000)
  const { supervisor, shown, reaches } = bench.supervise({ startCommand: '/never/run' })
  await reaches('adopted')
  const identity = readProcess(pid!)!
  // Both in one turn, so that the supervisor never sees the PID without a process.
  process.kill(pid!, 'SIGKILL')
  await once(original, 'exit')
  const other = await spawnAs(pid!, bench.program(waits, 'stranger'))
  assert.ok(other, `a second process of PID ${pid}`)
  assert.equal(isRunning(identity), false)
  await until(() => shown().exits === 1, 5000, 'notice of the death')
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.ok(readProcess(pid!), 'the other one goes on')
  other.kill('SIGKILL')
  await once(other, 'exit')
})

test('a PID file that names a PID which was given again is not believed', async () => {
  const child = spawn('/bin/sh', [bench.program(forever, 'stranger')], { stdio: 'ignore' })
  const identity = readProcess(child.pid!)!
  await writePidFile(join(bench.folder, `${bench.name}.pid`), { ...identity, startTicks: identity.startTicks - 1 })
  const { shown, reaches } = bench.supervise({ startCommand: bench.program(forever) })
  await reaches('running')
  assert.notEqual(shown().pid, child.pid)
  child.kill('SIGKILL')
})

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

/** A daemon that is nobody's child of ours, as `sip start` leaves one behind, with a PID file. */
function daemonWithPidFile(): string {
  const daemon = bench.program('')
  const pidFile = join(bench.folder, `${bench.name}.pid`)
  writeFileSync(
    daemon,
    `#!/bin/sh
trap 'rm -f ${pidFile}; exit 0' TERM
set -- $(sed 's/.*) //' /proc/$$/stat); shift 19
printf '%s\\n%s\\n[]\\n' $$ $1 > ${pidFile}
while :; do sleep 0.05; done\n`,
  )
  const starter = `setsid sh ${daemon} </dev/null >/dev/null 2>&1 &
while ! [ -s ${pidFile} ]; do sleep 0.02; done`
  return bench.program(starter, 'starter')
}

test('a daemon that was killed left its PID file behind, one that ended by itself did not, and both are said', async () => {
  const { shown, notified, reaches } = bench.supervise({ startCommand: daemonWithPidFile() })
  await reaches('running')
  process.kill(shown().pid, 'SIGKILL')
  await until(() => shown().exits === 1, 5000, 'notice of the death')
  // Where the first process of the machine does not wait for orphans at once, even the signal is known.
  assert.match(notified.at(-1)!, /was killed or crashed: it left its PID file behind|was ended by SIGKILL/)
  rmSync(join(bench.folder, `${bench.name}.pid`))
  await bench.clear()
  bench = new Bench()
  const second = bench.supervise({ startCommand: daemonWithPidFile() })
  await second.reaches('running')
  process.kill(second.shown().pid, 'SIGTERM')
  await until(() => second.shown().exits === 1, 5000, 'notice of the end')
  assert.match(second.notified.at(-1)!, /ended by itself: it took its PID file away/)
})

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

test('a process that stays in front is known as running, and its exit code when it ends', async () => {
  const { notified, shown, reaches } = bench.supervise({ startCommand: bench.program('sleep 1; exit 3') })
  await reaches('running')
  assert.equal(readProcess(shown().pid)?.groupId, shown().pid, 'it leads a session of its own')
  await reaches('stopped')
  assert.deepEqual(
    [shown().isUp, shown().pid, shown().lastExitCode, shown().lastExitSignal, shown().exits],
    [false, 0, 3, 0, 1],
  )
  assert.equal(notified.at(-1), `${bench.name} ended with exit code 3`)
})

test('a process that daemonizes is found behind its start command', async () => {
  const daemon = bench.program('exec sleep 60')
  const starter = join(bench.folder, 'starter')
  writeFileSync(starter, `#!/bin/sh\nsetsid sh ${daemon} </dev/null >/dev/null 2>&1 &\nexit 0\n`)
  chmodSync(starter, 0o755)
  writeFileSync(daemon, '#!/bin/sh\nsleep 60\n')
  const { shown, reaches } = bench.supervise({ startCommand: starter })
  await reaches('running')
  assert.deepEqual(readProcess(shown().pid)?.command, ['sh', daemon])
})

test('kill -9 is noticed and repaired', async () => {
  const { shown, reaches } = bench.supervise({ startCommand: bench.program(forever), restartOnExit: true })
  await reaches('running')
  const { pid } = shown()
  process.kill(pid, 'SIGKILL')
  await until(() => shown().exits === 1, 5000)
  assert.equal(shown().lastExitSignal, 9)
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  assert.equal(shown().restarts, 1)
})

test('a process that ignores SIGTERM is killed when its time is over', async () => {
  const { supervisor, shown, reaches } = bench.supervise({
    startCommand: bench.program(`trap '' TERM; ${forever}`),
  })
  await reaches('running')
  supervisor.setAdminStatus(1, 'down')
  assert.equal(shown().state, 'stopping')
  await reaches('stopped')
  assert.equal(shown().lastExitSignal, 9)
})

test('workers that outlive their parent are ended, and are not taken for the process', async () => {
  const startCommand = bench.program(`[ "$1" = worker ] || sh "$0" worker &\nwhile :; do sleep 0.1; done`)
  const { shown, reaches } = bench.supervise({ startCommand, restartOnExit: true })
  await reaches('running')
  const { pid } = shown()
  const workers = () => visibleProcesses().filter(({ groupId }) => groupId === pid)
  await until(() => workers().length > 1, 5000)
  process.kill(pid, 'SIGKILL')
  await until(() => workers().length === 0, 5000, 'the end of the workers')
  await reaches('running')
  assert.notEqual(shown().pid, pid)
})

test('our end is not its end, and the next supervisor adopts it', async () => {
  const first = bench.supervise({ startCommand: bench.program(forever) })
  await first.reaches('running')
  const { pid } = first.shown()
  first.supervisor.stop()
  const second = bench.supervise({ startCommand: '/never/run' })
  await second.reaches('adopted')
  assert.equal(second.shown().pid, pid)
  assert.match(second.notified[0] ?? '', /runs already as PID \d+ and was adopted/)
  process.kill(pid, 'SIGKILL')
  await until(() => second.shown().exits === 1, 5000)
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
