import assert from 'node:assert/strict'
import { test } from 'node:test'
import { path, Rig } from './rig.ts'

test('our end is not its end, and the next supervisor adopts it', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const first = rig.supervise({ restartOnExit: true })
  await first.reaches('running')
  const { pid } = first.shown()
  first.supervisor.stop()
  await rig.pass(10_000)
  const second = rig.supervise({ startCommand: '/never/run' })
  await second.reaches('adopted')
  assert.equal(second.shown().pid, pid)
  assert.match(rig.notified.at(-1) ?? '', /runs already as PID \d+ and was adopted$/)
})

test('the end of a process is nobody’s when its row was destroyed, or its supervisor stopped', async () => {
  for (const leave of ['remove', 'stop'] as const) {
    const rig = new Rig()
    rig.host.program(path)
    const { supervisor, reaches } = rig.supervise({ restartOnExit: true })
    await reaches('running')
    const [said, states] = [rig.notified.length, rig.states.length]
    if (leave === 'remove') supervisor.remove(1)
    else supervisor.stop()
    rig.process().exit(3)
    await rig.pass(60_000)
    assert.deepEqual([rig.notified.length, rig.states.length, rig.host.running.size], [said, states, 0], leave)
  }
})

test('a row that is destroyed while something is under way leaves nothing under way', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => void self.ignore('SIGTERM'))
  const { supervisor, reaches } = rig.supervise({ restartOnExit: true, stopTimeoutSeconds: 5 })
  await reaches('running')
  supervisor.setAdminStatus(1, 'down')
  supervisor.remove(1)
  await rig.pass(60_000)
  assert.ok(rig.process().isRunning, 'it is not killed')
})

test('one that was killed while nobody watched is started again by the next supervisor', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const first = rig.supervise({ restartOnExit: true })
  await first.reaches('running')
  first.supervisor.stop()
  const { pid } = rig.process()
  rig.process().deliver('SIGKILL')
  const second = rig.supervise({ restartOnExit: true })
  await second.reaches('running')
  assert.notEqual(second.shown().pid, pid)
})

test('a stop that the supervisor did not live to end is ended by the next one', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => void self.ignore('SIGTERM'))
  const first = rig.supervise({ stopTimeoutSeconds: 60 })
  await first.reaches('running')
  first.supervisor.setAdminStatus(1, 'down')
  assert.equal(first.shown().state, 'stopping')
  first.supervisor.stop() // as kill -9 leaves it: nothing more comes from this one
  assert.ok(rig.process())
  const second = rig.supervise({ adminStatus: 'down' })
  await second.reaches('stopped')
  assert.equal(rig.host.running.size, 0)
  assert.match(rig.notified.at(-1) ?? '', /as requested$/)
})

test('where nothing is adopted, the PID file of the appliance says which stop is to be ended', async () => {
  for (const isNamed of [true, false]) {
    const rig = new Rig()
    rig.host.program(path)
    const process = rig.host.spawn([path])
    if (isNamed) rig.host.writePidFile('unit', process)
    const { reaches } = rig.supervise({ adminStatus: 'down', findOnStartup: false })
    await reaches('stopped')
    await rig.pass(10_000)
    assert.equal(process.isRunning, !isNamed)
  }
})

test('restart on exit that is set only after the end takes effect', async () => {
  const rig = new Rig()
  rig.host.program(path)
  const { set, reaches } = rig.supervise()
  await reaches('running')
  rig.process().deliver('SIGKILL')
  await reaches('stopped')
  await rig.pass(10_000)
  assert.equal(rig.host.running.size, 0)
  set({ restartOnExit: true })
  await reaches('running')
})

test('a process that ends again and again is started ever later, then given up until somebody sets it up', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => self.after(1000, () => self.exit(7)))
  const { supervisor, shown, reaches } = rig.supervise({ restartOnExit: true, maxRestarts: 2, restartIntervalMs: 100 })
  await reaches('failed')
  assert.deepEqual([shown().exits, shown().restarts], [3, 2])
  const ends = rig.notified.filter((sentence) => sentence.startsWith('exited: '))
  assert.match(ends[0] ?? '', /ended with exit code 7, next try in 0\.1 s$/)
  assert.match(ends[1] ?? '', /ended with exit code 7, second time in 10 min, next try in 0\.2 s$/)
  assert.match(ends[2] ?? '', /third time in 10 min; it is not started again before somebody sets it up$/)
  assert.match(rig.notified.at(-1) ?? '', /^failed: unit ended too often, third time in 10 min/)
  supervisor.setAdminStatus(1, 'up')
  await reaches('running')
})

test('the interval of nothing is a tenth of a second', async () => {
  const rig = new Rig()
  let starts = 0
  rig.host.program(path, (self) => {
    starts++
    self.exit(1)
  })
  // Nothing is recent, so the delay does not grow.
  rig.supervise({ restartOnExit: true, restartIntervalMs: 0, restartWindowMs: 0 })
  await rig.pass(10_000)
  assert.ok(starts > 50 && starts <= 101, `${starts} starts in 10 s`)
})

test('what it printed last goes to the log when it ends', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => void self.print('panic: out of cheese'))
  const { reaches } = rig.supervise()
  await reaches('running')
  rig.process().exit(2)
  await reaches('stopped')
  assert.match(rig.logged, /a process ended .*output="panic: out of cheese"/)
})
