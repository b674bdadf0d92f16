import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findProcesses } from '../../../subagents/critapp/observation/find.ts'
import { path, Rig, specOf } from './rig.ts'

test('a process that daemonizes is found behind its start command', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/start', (self) => {
    self.daemonize([path])
    self.exit(0)
  })
  const { shown, reaches } = rig.supervise({ startCommand: '/opt/start' })
  await reaches('running')
  assert.equal(shown().pid, rig.process().pid)
})

test('a start command that leaves nothing behind is given ten seconds, and then says so', async () => {
  const rig = new Rig()
  rig.host.program('/opt/start', (self) => self.exit(0))
  const { shown, reaches } = rig.supervise({ startCommand: '/opt/start' })
  await rig.pass(9900)
  assert.equal(shown().state, 'starting')
  await reaches('failed')
  assert.deepEqual(rig.notified, ['failed: /opt/start ended, but no process named unit appeared'])
})

test('one that stays in front under another name than its row says is the process in the end', async () => {
  const rig = new Rig()
  rig.host.program('/opt/another')
  const { shown, reaches } = rig.supervise({ startCommand: '/opt/another' })
  await rig.pass(9900)
  assert.equal(shown().state, 'starting')
  await reaches('running')
  assert.equal(shown().pid, rig.process('/opt/another').pid)
})

test('the end of a process that is no child is noticed within a tenth of a second, and repaired after the interval', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const { pid } = rig.host.spawn([path])
  const { shown, reaches } = rig.supervise({ restartOnExit: true, restartIntervalMs: 3000 })
  await reaches('adopted')
  rig.process().deliver('SIGKILL')
  await rig.pass(100)
  assert.equal(shown().exits, 1)
  await rig.pass(2800)
  assert.equal(rig.host.running.size, 0)
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  assert.equal(shown().restarts, 1)
})

test('a process that ignores SIGTERM is killed when its time is over, also when it is set down twice', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => void self.ignore('SIGTERM'))
  const { supervisor, shown, reaches } = rig.supervise({ stopTimeoutSeconds: 5 })
  await reaches('running')
  supervisor.setAdminStatus(1, 'down')
  supervisor.setAdminStatus(1, 'down')
  await rig.pass(4900)
  assert.equal(shown().state, 'stopping')
  await reaches('stopped')
  assert.deepEqual(rig.host.signals, ['SIGTERM unit', 'SIGKILL unit'])
  assert.equal(shown().lastExitSignal, 9)
})

test('the terminate command is what stops a process, and is told which one it is', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/stop', (self) => {
    assert.equal(self.environment.CASTELLAN_SUPERVISED_PROCESS, `${rig.process().pid} ${rig.process().startTicks}`)
    rig.process().exit(0)
    self.exit(0)
  })
  const { set, shown, reaches } = rig.supervise({ terminateCommand: '/opt/stop' })
  await reaches('running')
  set({ adminStatus: 'down' })
  await reaches('stopped')
  assert.deepEqual([rig.host.signals, shown().lastError], [[], ''])
})

test('a terminate command that hangs is ended when the stop may take no longer', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/hangs')
  const { set, reaches } = rig.supervise({ terminateCommand: '/opt/hangs', stopTimeoutSeconds: 5 })
  await reaches('running')
  set({ adminStatus: 'down' })
  await rig.pass(4900)
  assert.equal(rig.host.running.size, 2)
  await reaches('stopped')
  assert.equal(rig.host.running.size, 0)
})

for (const [what, terminateCommand] of [
  ['an empty word', "''"],
  ['a NUL', 'a\0b'],
  ['no such program', '/no/such/thing'],
] as const)
  test(`a terminate command of ${what} falls back to SIGTERM at once`, async () => {
    const rig = new Rig()
    rig.host.program(path)
    const { supervisor, shown, reaches } = rig.supervise({ terminateCommand })
    await reaches('running')
    supervisor.setAdminStatus(1, 'down')
    await rig.pass(100)
    assert.deepEqual([shown().state, shown().lastExitSignal], ['stopped', 15])
  })

test('why a start failed is read by more people than the command is: neither its arguments nor what it printed is quoted', async () => {
  for (const startCommand of [`${path} --password S3cr3t`, '/no/such/thing --password S3cr3t', '/x "S3cr3t']) {
    const rig = new Rig()
    rig.host.program(path, (self) => self.print('no such password: S3cr3t').after(100, () => self.exit(4)))
    const { shown, reaches } = rig.supervise({ startCommand })
    await reaches('failed')
    assert.notEqual(shown().lastError, '')
    assert.doesNotMatch([shown().lastError, ...rig.notified].join('\n'), /S3cr3t/)
  }
})

test('a start command that does not exist or is not of the grammar fails without a throw', async () => {
  const rig = new Rig()
  const { shown, set, reaches } = rig.supervise({ startCommand: '/no/such/thing' })
  await reaches('failed')
  assert.equal(shown().lastError, '/no/such/thing: there is no such program; see critAppStartCommand')
  set({ startCommand: '"open' }, { isSet: true })
  assert.equal(shown().state, 'failed')
  assert.match(shown().lastError, /the quote at column 1 is not closed/)
})

/** A start command that goes on for a while after it has left its daemon behind, as a slow `sip start` does. */
function slowStarter(rig: Rig, ms: number): string {
  return rig.host.program('/opt/start', (self) => {
    self.daemonize([rig.host.program(path)])
    self.after(ms, () => self.exit(0))
  })
}

test('a daemon is up when its start command says so by ending, not when its process is seen', async () => {
  const rig = new Rig()
  const { shown, reaches } = rig.supervise({ startCommand: slowStarter(rig, 3000) })
  await rig.pass(2900)
  assert.equal(shown().state, 'starting')
  await reaches('running')
  assert.equal(shown().pid, rig.process().pid)
})

test('a row set down while its start command runs stops the daemon that appears, and goes up again', async () => {
  const rig = new Rig()
  const { supervisor, reaches } = rig.supervise({ startCommand: slowStarter(rig, 400) })
  await reaches('starting')
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.equal(rig.host.running.size, 0, 'nothing of it is left')
  supervisor.setAdminStatus(1, 'up')
  await reaches('running')
})

test('a row set down after its start command left nothing behind comes to an end', async () => {
  const rig = new Rig()
  rig.host.program('/opt/start', (self) => self.exit(0))
  const { supervisor, reaches } = rig.supervise({ startCommand: '/opt/start' })
  await rig.pass(100)
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.equal(rig.notified.at(-1), 'exited: unit never appeared, as requested')
  supervisor.setAdminStatus(1, 'up')
  await reaches('starting')
})

test('a row set down before systemd had started its program stops that, or comes to an end where it cannot be started', async () => {
  for (const isThere of [true, false]) {
    const rig = new Rig()
    if (isThere) rig.host.program(path)
    let launch = (): void => {}
    rig.host.launching = new Promise((resolve) => {
      launch = resolve
    })
    const { supervisor, reaches } = rig.supervise()
    await reaches('starting')
    supervisor.setAdminStatus(1, 'down')
    await reaches('stopping')
    launch()
    await reaches('stopped')
    assert.match(rig.notified.at(-1) ?? '', isThere ? /was ended by SIGTERM/ : /could not be started/)
    assert.equal(rig.host.running.size, 0)
  }
})

test('a start for which nothing is left is tried again until there is, whatever the row says of restarts', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.isExhausted = true
  const { shown, reaches } = rig.supervise({ restartOnExit: false, maxRestarts: 1 })
  for (const _ of [1, 2, 3]) {
    await reaches('restartWait')
    assert.match(shown().lastError, /this process has too many open files$/)
    await rig.pass(2000)
  }
  rig.host.isExhausted = false
  await reaches('running')
})

test('while nobody can tell what runs, nothing is taken for dead, adopted or started', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.spawn([path])
  rig.host.isBlind = true
  const { shown, reaches } = rig.supervise({ restartOnExit: true })
  await rig.pass(10_000)
  assert.deepEqual([shown().state, rig.host.running.size], ['unknown', 1])
  rig.host.isBlind = false
  await reaches('adopted')
  rig.host.isBlind = true
  await rig.pass(30_000)
  assert.deepEqual([shown().state, shown().exits], ['adopted', 0])
  assert.equal(rig.logged.match(/cannot look at processes/g)?.length, 1, 'and that is logged once')
})

test('a process that was given the PID of a dead one is neither taken for it nor touched', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const { pid } = rig.host.spawn([path])
  const { supervisor, shown, reaches } = rig.supervise()
  await reaches('adopted')
  rig.process().exit(0)
  const other = rig.host.spawn(['/opt/stranger'], { pid, bornMs: rig.clock.monotonicMs() + 10 })
  await rig.until(() => shown().exits === 1, 'notice of the death')
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.deepEqual([other.isRunning, rig.host.signals], [true, []])
})

test('a PID file that names a PID which was given again is not believed', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const stranger = rig.host.spawn(['/opt/stranger'])
  rig.host.pidFiles.set('unit', { ...stranger.stat(), startTicks: stranger.startTicks - 1 })
  const { shown, reaches } = rig.supervise()
  await reaches('running')
  assert.notEqual(shown().pid, stranger.pid)
})

test('a process whose name has the first 15 letters of another one is left alone', async () => {
  const rig = new Rig()
  const [a, b] = ['/opt/example-collector-a', '/opt/example-collector-b'].map((one) => rig.host.program(one))
  const other = rig.host.spawn([b!])
  const { supervisor, shown, reaches } = rig.supervise({ name: 'example-collector-a', startCommand: a! })
  await reaches('running')
  assert.notEqual(shown().pid, other.pid)
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.ok(other.isRunning, 'the other one goes on')
})

test('a process that stays in front is known as running, and its exit code when it ends', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => self.after(2000, () => self.exit(3)))
  const { shown, reaches } = rig.supervise()
  await reaches('running')
  await reaches('stopped')
  const { isUp, pid, lastExitCode, lastExitSignal, exits } = shown()
  assert.deepEqual([isUp, pid, lastExitCode, lastExitSignal, exits], [false, 0, 3, 0, 1])
  assert.equal(rig.notified.at(-1), 'exited: unit ended with exit code 3')
})

test('a child that is killed is noticed and repaired', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const { shown, reaches } = rig.supervise({ restartOnExit: true })
  await reaches('running')
  const { pid } = shown()
  rig.process().deliver('SIGKILL')
  await rig.until(() => shown().exits === 1, 'notice of the death')
  assert.equal(shown().lastExitSignal, 9)
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  assert.equal(shown().restarts, 1)
})

test('a daemon that left its PID file behind says so when it ends, as it is no child', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/start', (self) => {
    rig.host.writePidFile('unit', self.daemonize([path]))
    self.exit(0)
  })
  const { shown, reaches } = rig.supervise({ startCommand: '/opt/start' })
  await reaches('running')
  rig.process().deliver('SIGKILL')
  await rig.until(() => shown().exits === 1, 'notice of the death')
  assert.match(rig.notified.at(-1) ?? '', /unit left its PID file behind/)
})

test('a start command that fails says why in one sentence, and what it printed last is kept apart', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => self.print('no licence').after(100, () => self.exit(4)))
  const { shown, reaches } = rig.supervise()
  await reaches('failed')
  assert.deepEqual([shown().lastError, shown().lastSaid], [`${path} ended with exit code 4`, 'no licence'])
  assert.deepEqual(rig.notified, [`failed: ${path} ended with exit code 4`])
})

test('workers that outlive their parent are ended, and are not taken for the process', async () => {
  const rig = new Rig()
  rig.host.program('/opt/worker')
  rig.host.program(path, (self) => void self.fork(['/opt/worker', path]))
  const { shown, reaches } = rig.supervise({ restartOnExit: true })
  await reaches('running')
  await rig.until(() => shown().count === 1, 'the count')
  const { pid } = shown()
  rig.host.running.get(pid)?.deliver('SIGKILL')
  await reaches('restartWait')
  assert.equal(rig.host.running.size, 0)
  await reaches('running')
  assert.notEqual(shown().pid, pid)
})

test('processes of the same name are counted with it', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const { shown, reaches } = rig.supervise()
  await reaches('running')
  rig.process().fork([path])
  await rig.until(() => shown().count === 2, 'the worker')
})

test('an adopted process has the up time it had', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.spawn([path])
  await rig.pass(60_000)
  const { shown, reaches } = rig.supervise()
  await reaches('adopted')
  assert.equal(rig.clock.monotonicMs() - shown().startedMonotonicMs, 60_000)
  assert.equal(rig.clock.now() - Number(shown().lastStart?.getTime()), 60_000)
})

test('a process of another appliance, by its argument or its environment, or of another user is not ours', () => {
  const here = { pid: 7, groupId: 7, parentPid: 1, startTicks: 1, name: 'sh', state: 'S' }
  const seen = (command: string[], { environment = '', isTrusted = true } = {}): boolean => {
    const looks = { ageMs: () => 0, programNameOf: () => undefined, environmentOf: () => environment }
    const search = { name: 'unit', home: '/home/of/this', isTrusted: () => isTrusted, fromPidFile: undefined, looks }
    return findProcesses(search, [{ ...here, command }]).main !== undefined
  }
  assert.ok(seen(['unit', '--home', '/home/of/this']))
  assert.ok(seen(['unit']))
  assert.ok(seen(['unit'], { environment: '/home/of/this' }))
  assert.ok(!seen(['unit', '--home', '/elsewhere']))
  assert.ok(!seen(['unit', '--home=/elsewhere']))
  assert.ok(!seen(['unit'], { environment: '/elsewhere' }))
  assert.ok(!seen(['unit'], { isTrusted: false }))
})

test('a process of somebody else is neither adopted nor ended', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const theirs = rig.host.spawn([path])
  rig.host.foreign.add(theirs.pid)
  const { shown, supervisor, reaches } = rig.supervise()
  await reaches('running')
  assert.notEqual(shown().pid, theirs.pid)
  assert.equal(shown().count, 1)
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.ok(theirs.isRunning)
})

test('the graceful command runs while the process goes on, one at a time, and its failure is said', async () => {
  const rig = new Rig()
  let runs = 0
  rig.host.program(path)
  rig.host.program('/opt/graceful', (self) => {
    runs++
    self.after(1000, () => self.exit(runs === 1 ? 0 : 1))
  })
  const { supervisor, shown, reaches } = rig.supervise({ gracefulCommand: '/opt/graceful' })
  await reaches('running')
  const { pid } = shown()
  for (const _ of [1, 2, 3]) supervisor.graceful(1)
  await rig.pass(500)
  assert.equal(runs, 1)
  await rig.pass(1000)
  assert.equal(runs, 2, 'what was asked for meanwhile is one more run')
  await rig.pass(10_000)
  assert.deepEqual([runs, shown().pid], [2, pid])
  assert.equal(shown().lastError, 'graceful restart of unit: ended with exit code 1')
})

test('a graceful command that hangs is ended, and its row goes on', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/hangs')
  const { supervisor, shown, reaches } = rig.supervise({ gracefulCommand: '/opt/hangs' }, { gracefulWithinMs: 5000 })
  await reaches('running')
  supervisor.graceful(1)
  await rig.until(() => shown().lastError !== '', 'what went wrong')
  assert.deepEqual([shown().state, shown().lastError], ['running', 'graceful restart of unit: took longer than 5 s'])
  assert.equal(rig.host.running.size, 1)
})

test('a graceful command that stops the process and starts it again is no failure of it', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/graceful', (self) => {
    rig.process().deliver('SIGKILL')
    self.after(1000, () => self.daemonize([path])).after(2000, () => self.exit(0))
  })
  const row = { gracefulCommand: '/opt/graceful', restartOnExit: true, restartIntervalMs: 60_000 }
  const { supervisor, shown, reaches } = rig.supervise(row)
  await reaches('running')
  const { pid } = shown()
  supervisor.graceful(1)
  await reaches('adopted')
  assert.notEqual(shown().pid, pid)
  assert.equal(shown().restarts, 0)
  assert.doesNotMatch(rig.notified.join('\n'), /next try/)
})

test('a process that crashes while its graceful command runs has failed', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.host.program('/opt/graceful', (self) => {
    rig.process().deliver('SIGSEGV')
    self.after(1000, () => self.exit(0))
  })
  const row = { gracefulCommand: '/opt/graceful', restartOnExit: true, restartIntervalMs: 60_000 }
  const { supervisor, shown, reaches } = rig.supervise(row)
  await reaches('running')
  supervisor.graceful(1)
  await reaches('restartWait')
  assert.match(shown().lastError, /was ended by SIGSEGV, next try in /)
})

test('processes start in their order, the second when the first is up, and stop in the reverse of it', async () => {
  const rig = new Rig()
  const marks: string[] = []
  const specs = [3, 1, 2].map((startOrder, at) => {
    const startCommand = rig.host.program(`/opt/unit${startOrder}`, (self) => {
      marks.push(`up ${startOrder}`)
      self.on('SIGTERM', () => {
        self.after(500, () => {
          marks.push(`down ${startOrder}`)
          self.exit(0)
        })
      })
    })
    return specOf({ index: at + 1, name: `unit${startOrder}`, startCommand, startOrder })
  })
  const supervisor = rig.supervisor()
  supervisor.configureAll(specs.map((spec) => ({ spec })))
  supervisor.start()
  const all = async (state: string): Promise<void> =>
    rig.until(() => supervisor.processes().every((one) => one.state === state), `all ${state}`)
  await all('running')
  supervisor.configureAll(specs.map((spec) => ({ spec: { ...spec, adminStatus: 'down' } })))
  await all('stopped')
  supervisor.configureAll(specs.map((spec) => ({ spec })))
  await all('running')
  const up = ['up 1', 'up 2', 'up 3']
  assert.deepEqual(marks, [...up, 'down 3', 'down 2', 'down 1', ...up])
})
