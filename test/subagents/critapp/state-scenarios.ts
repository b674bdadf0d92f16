/** How every state and event of critapp's table comes about in life. */
import assert from 'node:assert/strict'
import type { ProcessSpec } from '../../../subagents/critapp/process/process.ts'
import type { EventName, ProcessState } from '../../../subagents/critapp/process/states.ts'
import { MemoryUnit, path, type Rig } from './rig.ts'

const checked = { kind: 'tcp', target: '127.0.0.1:1', intervalMs: 1000, timeoutMs: 1000, failures: 3 } as const

/** A row whose process is up. */
async function running(rig: Rig, spec: Partial<ProcessSpec> = {}) {
  rig.host.program(path)
  const row = rig.supervise(spec)
  await row.reaches('running')
  return row
}

/** A row whose process somebody else has started. */
async function adopted(rig: Rig, spec: Partial<ProcessSpec> = {}) {
  rig.host.program(path)
  rig.host.spawn([path])
  const row = rig.supervise(spec)
  await row.reaches('adopted')
  return row
}

async function failed(rig: Rig, spec: Partial<ProcessSpec> = {}) {
  rig.host.program(path, (self) => self.after(100, () => self.exit(4)))
  const row = rig.supervise(spec)
  await row.reaches('failed')
  return row
}

async function waiting(rig: Rig, spec: Partial<ProcessSpec> = {}) {
  const row = await running(rig, { restartOnExit: true, restartIntervalMs: 60_000, ...spec })
  rig.process().exit(3)
  await row.reaches('restartWait')
  return row
}

/** A start command that has the name of its daemon, settles in front, and leaves the daemon when it is told to end. */
function settlingScript(rig: Rig): string {
  const daemon = rig.host.program('/opt/real/unit')
  return rig.host.script('/etc/init.d/unit', (self) => {
    self.on('SIGTERM', () => {
      self.daemonize([daemon])
      self.exit(0)
    })
  })
}

/** A row of the unit x.service, up or about to be. */
async function unitRow(rig: Rig, state: ProcessState, spec: Partial<ProcessSpec> = {}) {
  const unit = new MemoryUnit(rig.host)
  if (state === 'adopted') unit.start()
  const row = rig.supervise({ unit: 'x', startCommand: '', restartOnExit: true, ...spec })
  await row.reaches(state)
  await rig.until(() => row.shown().pid > 0, 'its process')
  return { unit, ...row }
}

export type Scenario = (rig: Rig) => Promise<unknown>

const exitedByOrder =
  (state: 'starting' | 'running' | 'adopted'): Scenario =>
  async (rig) => {
    if (state === 'starting') rig.verdict = 'not yet'
    const health = { ...checked, failures: 100 }
    const { unit, shown } = await unitRow(rig, state, state === 'starting' ? { health } : {})
    unit.stop()
    await rig.until(() => shown().exits === 1, 'its end')
    await rig.pass(10_000)
    assert.equal(shown().state, state === 'starting' ? 'failed' : 'stopped', 'nobody starts it again')
    assert.match(rig.notified.at(-1) ?? '', /^exited: unit was stopped by systemctl; it is not started again before/)
  }

const exitedGracefully =
  (start: typeof running): Scenario =>
  async (rig) => {
    rig.host.program('/opt/graceful', (self) => {
      self.after(1000, () => rig.process().exit(0)).after(3000, () => self.exit(0))
    })
    const { supervisor, shown, reaches } = await start(rig, { gracefulCommand: '/opt/graceful' })
    supervisor.graceful(1)
    await reaches('stopped')
    assert.match(rig.notified.at(-1) ?? '', /^exited: unit ended.*, as requested$/)
    await rig.pass(1000)
    assert.equal(shown().state, 'stopped', 'the command may start it')
    await reaches('running')
  }

const unhealthy =
  (start: typeof running): Scenario =>
  async (rig) => {
    const { shown, reaches } = await start(rig, { health: checked })
    await rig.until(() => shown().isUp, 'that it serves')
    rig.process().ignore('SIGTERM')
    rig.verdict = 'connection refused'
    await reaches('stopping')
    assert.deepEqual([shown().isUp, shown().health], [false, 'failing'])
    assert.equal(shown().lastError, 'unit is stopped: 3 health checks failed: connection refused')
    assert.deepEqual(rig.host.signals, ['SIGTERM unit'])
  }

const wantDown =
  (start: typeof running): Scenario =>
  async (rig) => {
    const { supervisor, shown, reaches } = await start(rig)
    supervisor.setAdminStatus(1, 'down')
    assert.equal(shown().state, 'stopping')
    assert.deepEqual(rig.host.signals, ['SIGTERM unit'])
    await reaches('stopped')
  }

/** From down, whatever kind of down it is. */
const wantUp =
  (start: typeof running, expectedStates: readonly ProcessState[]): Scenario =>
  async (rig) => {
    const { supervisor, reaches } = await start(rig)
    rig.host.program(path)
    supervisor.setAdminStatus(1, 'up')
    assert.deepEqual(rig.states.slice(-2), expectedStates)
    assert.ok(rig.process())
    await reaches('running')
  }

const startedByHand =
  (start: typeof running): Scenario =>
  async (rig) => {
    const { shown, reaches } = await start(rig)
    rig.host.program(path)
    const { pid } = rig.host.spawn([path])
    await reaches('adopted')
    assert.equal(shown().pid, pid)
    assert.equal(rig.notified.at(-1), `started: unit runs already as PID ${pid} and was adopted`)
  }

const down =
  (start: typeof running): Scenario =>
  async (rig) => {
    const { supervisor, shown } = await start(rig)
    supervisor.setAdminStatus(1, 'down')
    assert.equal(shown().state, 'stopped')
    await rig.pass(120_000)
    assert.equal(rig.host.running.size, 0, 'nothing starts')
  }

async function stopped(rig: Rig, spec: Partial<ProcessSpec> = {}) {
  rig.host.program(path)
  const row = rig.supervise({ adminStatus: 'down', ...spec })
  await row.reaches('stopped')
  return row
}

/** For each state the events that mean something in it, and what follows. */
export const scenarios: { readonly [S in ProcessState]: { readonly [E in EventName]?: Scenario } } = {
  unknown: {
    wantUp: async (rig) => {
      rig.host.program(path)
      rig.supervise()
      await rig.pass(0)
      assert.deepEqual(rig.states, ['starting'])
      assert.equal(rig.process().environment.CASTELLAN_SUPERVISED, 'unit')
    },
    wantDown: async (rig) => {
      await stopped(rig)
      assert.deepEqual(rig.states, ['stopped'])
      assert.equal(rig.host.running.size, 0)
    },
    found: async (rig) => {
      const { shown } = await adopted(rig)
      assert.deepEqual(rig.states, ['adopted'])
      assert.equal(shown().pid, rig.process().pid)
    },
  },
  stopped: {
    wantUp: wantUp(stopped, ['stopped', 'starting']),
    found: async (rig) => {
      await stopped(rig)
      rig.host.spawn([path])
      await rig.until(() => rig.states.length > 3, 'what follows')
      assert.deepEqual(rig.states, ['stopped', 'adopted', 'stopping', 'stopped'], 'it is wanted down')
    },
    retry: async (rig) => {
      const { shown } = await waiting(rig)
      assert.deepEqual(rig.states.slice(-2), ['stopped', 'restartWait'])
      assert.match(shown().lastError, /^unit ended with exit code 3, next try in 6\d s$/)
    },
    tooOften: async (rig) => {
      rig.host.program(path, (self) => self.after(1000, () => self.exit(7)))
      const { shown, supervisor, reaches } = rig.supervise({ restartOnExit: true, maxRestarts: 2 })
      await reaches('failed')
      assert.deepEqual([shown().exits, shown().restarts], [3, 2])
      assert.match(rig.notified.at(-1) ?? '', /^failed: unit ended too often, third time in 10 min/)
      await rig.pass(600_000)
      assert.equal(shown().state, 'failed', 'it stays so until somebody sets it up')
      supervisor.setAdminStatus(1, 'up')
      await reaches('running')
    },
  },
  starting: {
    appeared: async (rig) => {
      rig.verdict = 'not yet'
      rig.host.program(path)
      const { shown } = rig.supervise({ health: checked })
      await rig.until(() => shown().pid > 0, 'its process')
      assert.deepEqual([shown().state, shown().isUp, shown().pid], ['starting', false, rig.process().pid])
      assert.deepEqual(rig.notified, [])
    },
    replaced: async (rig) => {
      rig.verdict = 'not yet'
      const { shown } = rig.supervise({ startCommand: settlingScript(rig), health: { ...checked, failures: 100 } })
      await rig.until(() => shown().pid > 0, 'the script')
      rig.process('/etc/init.d/unit').deliver('SIGTERM')
      await rig.until(() => shown().pid === rig.process('/opt/real/unit').pid, 'the daemon')
      assert.deepEqual([shown().state, shown().exits], ['starting', 0])
      rig.verdict = undefined
      await rig.until(() => shown().isUp, 'that it serves')
    },
    serves: async (rig) => {
      const { shown } = await running(rig)
      assert.deepEqual([shown().isUp, shown().lastError], [true, ''])
      assert.deepEqual(rig.notified, [`started: unit was started as PID ${rig.process().pid}`])
    },
    startFailed: async (rig) => {
      rig.host.program(path, (self) => self.print('no licence').after(100, () => self.exit(4)))
      const { shown, reaches } = rig.supervise()
      await reaches('failed')
      assert.equal(shown().lastExitCode, 4)
      assert.deepEqual(rig.notified, ['failed: /opt/unit ended with exit code 4'])
      assert.equal(shown().lastSaid, 'no licence')
      assert.match(rig.logged, /ended with exit code 4: no licence/)
    },
    exited: async (rig) => {
      rig.verdict = 'not yet'
      rig.host.program(path)
      const { shown, reaches } = rig.supervise({ health: checked })
      await rig.until(() => shown().pid > 0, 'its process')
      rig.process().deliver('SIGSEGV')
      await reaches('failed')
      assert.deepEqual(rig.notified, ['exited: unit was ended by SIGSEGV'])
    },
    exitedByOrder: exitedByOrder('starting'),
    unhealthy: async (rig) => {
      rig.verdict = 'connection refused'
      rig.host.program(path)
      const { shown } = rig.supervise({ health: checked })
      await rig.until(() => shown().exits === 1, 'its end')
      assert.ok(rig.states.includes('stopping'))
      assert.match(
        shown().lastError,
        /was stopped: it did not serve within 3 s of its start: connection refused, next try/,
      )
    },
    wantDown: async (rig) => {
      rig.host.program('/opt/start', (self) => {
        self.daemonize([rig.host.program(path)])
        self.after(3000, () => self.exit(0))
      })
      const { supervisor, shown, reaches } = rig.supervise({ startCommand: '/opt/start' })
      await reaches('starting')
      supervisor.setAdminStatus(1, 'down')
      assert.equal(shown().state, 'stopping')
      await rig.pass(1000)
      assert.deepEqual(rig.host.signals, [], 'the start command may end')
      await reaches('stopped')
      assert.equal(rig.host.running.size, 0)
    },
  },
  running: {
    replaced: async (rig) => {
      const { shown, reaches } = rig.supervise({ startCommand: settlingScript(rig) })
      await reaches('running')
      rig.process('/etc/init.d/unit').deliver('SIGTERM')
      await rig.until(() => shown().pid === rig.process('/opt/real/unit').pid, 'the daemon')
      assert.deepEqual([shown().state, shown().exits, rig.notified.length], ['running', 0, 1])
    },
    exited: async (rig) => {
      const { shown, reaches } = await running(rig)
      rig.process().exit(3)
      await reaches('stopped')
      const { isUp, pid, lastExitCode, lastExitSignal, exits } = shown()
      assert.deepEqual([isUp, pid, lastExitCode, lastExitSignal, exits], [false, 0, 3, 0, 1])
      assert.equal(rig.notified.at(-1), 'exited: unit ended with exit code 3')
    },
    exitedGracefully: exitedGracefully(running),
    exitedByOrder: exitedByOrder('running'),
    unhealthy: unhealthy(running),
    wantDown: wantDown(running),
  },
  adopted: {
    serves: async (rig) => {
      rig.verdict = 'not yet'
      const { shown } = await adopted(rig, { health: checked })
      assert.equal(shown().isUp, false)
      rig.verdict = undefined
      await rig.until(() => shown().isUp, 'that it serves')
      assert.equal(shown().state, 'adopted')
    },
    exited: async (rig) => {
      const { shown, reaches } = await adopted(rig)
      rig.process().deliver('SIGKILL')
      await reaches('stopped')
      assert.deepEqual([shown().lastExitCode, rig.notified.at(-1)], [-1, 'exited: unit ended somehow'])
    },
    exitedGracefully: exitedGracefully(adopted),
    exitedByOrder: exitedByOrder('adopted'),
    unhealthy: unhealthy(adopted),
    wantDown: wantDown(adopted),
  },
  stopping: {
    appeared: async (rig) => {
      rig.host.program('/opt/start', (self) => {
        self.after(1000, () => {
          self.daemonize([rig.host.program(path, (daemon) => void daemon.ignore('SIGTERM'))])
          self.exit(0)
        })
      })
      const { supervisor, shown, reaches } = rig.supervise({ startCommand: '/opt/start' })
      await reaches('starting')
      supervisor.setAdminStatus(1, 'down')
      await rig.until(() => rig.host.signals.includes('SIGTERM unit'), 'a signal')
      assert.deepEqual([shown().state, shown().pid], ['stopping', rig.process().pid])
      await reaches('stopped')
      assert.deepEqual(rig.host.signals, ['SIGTERM unit', 'SIGKILL unit'])
    },
    replaced: async (rig) => {
      const { supervisor, reaches } = rig.supervise({ startCommand: settlingScript(rig) })
      await reaches('running')
      supervisor.setAdminStatus(1, 'down')
      await reaches('stopped')
      assert.deepEqual(rig.host.signals, ['SIGTERM unit', 'SIGTERM unit'], 'the script, and what it left')
      assert.equal(rig.host.running.size, 0)
    },
    exited: async (rig) => {
      const { shown } = await running(rig, { health: checked })
      rig.verdict = 'connection refused'
      await rig.until(() => shown().exits === 1, 'its end')
      assert.deepEqual(rig.states.slice(-3), ['stopping', 'stopped', 'restartWait'], 'whatever restart on exit says')
    },
    exitedAsRequested: async (rig) => {
      const { supervisor, shown, reaches } = await running(rig, { restartOnExit: true, restartIntervalMs: 60_000 })
      const { pid } = shown()
      supervisor.restart(1)
      await reaches('starting')
      assert.deepEqual(rig.states.slice(-3), ['stopping', 'stopped', 'starting'], 'at once, as it is wanted up')
      assert.equal(rig.notified.at(-1), 'exited: unit was ended by SIGTERM, as requested')
      await reaches('running')
      assert.notEqual(shown().pid, pid)
      assert.deepEqual([shown().restarts, shown().exits, shown().lastError], [0, 1, ''])
    },
  },
  restartWait: {
    waitOver: async (rig) => {
      const { shown, reaches } = await waiting(rig)
      await rig.pass(59_000)
      assert.equal(rig.host.running.size, 0)
      await reaches('running')
      assert.equal(shown().restarts, 1)
    },
    wantUp: wantUp(waiting, ['restartWait', 'starting']),
    wantDown: down(waiting),
    found: startedByHand(waiting),
    restartUnwanted: async (rig) => {
      const { shown, set } = await waiting(rig)
      set({ restartOnExit: false })
      assert.equal(shown().state, 'stopped')
      await rig.pass(120_000)
      assert.equal(rig.host.running.size, 0)
    },
  },
  failed: {
    wantUp: wantUp(failed, ['failed', 'starting']),
    wantDown: down(failed),
    found: startedByHand(failed),
    retry: async (rig) => {
      rig.host.program(path, (self) => self.after(100, () => self.exit(4)))
      const { reaches } = rig.supervise({ restartOnExit: true })
      await reaches('restartWait')
      assert.deepEqual(rig.states, ['starting', 'failed', 'restartWait'])
    },
    tooOften: async (rig) => {
      rig.host.program(path, (self) => self.after(100, () => self.exit(4)))
      const { shown } = rig.supervise({ restartOnExit: true, maxRestarts: 1 })
      await rig.until(
        () => rig.notified.some((said) => /ended too often, second time/.test(said)),
        'the end of patience',
      )
      await rig.pass(60_000)
      assert.deepEqual([shown().state, shown().restarts], ['failed', 1])
    },
  },
}
