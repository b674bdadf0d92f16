import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../../lib/proc/process.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { type Clock, systemClock } from '../../../lib/time/clock.ts'
import { exitStatusOfUnit } from '../../../subagents/critapp/exit-status.ts'
import { fullUnitName, isUnitName, parseUnits, unitCommand } from '../../../subagents/critapp/unit.ts'
import { until } from '../../support/appliance.ts'
import { noSystemd, UserSystemd } from '../../support/systemd.ts'
import { Bench } from './bench.ts'

const sample = (name: string): string =>
  readFileSync(join(programRoot, 'test', 'fixtures', 'systemctl-show', `${name}.txt`), 'utf8')

test('of a unit that runs, systemctl show tells the process', () => {
  const unit = parseUnits(sample('running')).get('probe.service')!
  assert.deepEqual(
    [unit.isLoaded, unit.activeState, unit.mainPid, unit.controlGroup],
    [true, 'active', 23, '/app.slice/probe.service'],
  )
})

test('of units that ended it tells exit code or signal, and of whom', () => {
  const units = parseUnits(sample('ended'))
  assert.equal(units.size, 3)
  const how = (unit: string, pid: number) => exitStatusOfUnit(units.get(unit), { pid, startTicks: 1, command: [] })
  assert.deepEqual(how('probe.service', 23), { code: -1, signal: 9, how: 'was ended by SIGKILL' })
  assert.deepEqual(how('crash.service', 24), { code: 7, signal: 0, how: 'ended with exit code 7' })
  assert.match(how('crash.service', 99).how, /systemd does not say how/, 'that was another process of the unit')
  assert.equal(units.get('nothere.service')!.isLoaded, false)
})

test('a unit is a name, never an option, a path or a pattern', () => {
  for (const name of ['mariadb', 'castellan-sipd.service', 'getty@tty1.service', 'a\\x2db.service'])
    assert.ok(isUnitName(name), name)
  for (const name of ['', '--user', '-Hhost', '/etc/x.service', '*', 'a b', 'a;b']) assert.ok(!isUnitName(name), name)
  assert.equal(fullUnitName('mariadb'), 'mariadb.service')
  assert.deepEqual(unitCommand(['systemctl'], 'stop', 'mariadb'), {
    argv: ['systemctl', 'stop', '--', 'mariadb.service'],
  })
})

test('a systemctl that cannot be had makes the row failed, with the reason', async () => {
  const bench = new Bench()
  const { shown, reaches } = bench.supervise({ unit: 'x' }, { systemctl: ['/no/such/systemctl'] })
  await reaches('failed')
  assert.match(shown().lastError, /^\/no\/such\/systemctl start -- x\.service: there is no such program/)
  await bench.clear()
})

test('with a real systemd', { skip: noSystemd }, async (t) => {
  let bench: Bench
  let systemd: UserSystemd
  beforeEach(async () => {
    bench = new Bench()
    systemd = new UserSystemd(bench.folder)
    systemd.unit('works.service', '[Service]\nExecStart=/bin/sleep 1000\n')
    systemd.unit('breaks.service', '[Service]\nExecStart=/bin/sh -c "sleep 0.5; exit 7"\n')
    systemd.unit('kept.service', '[Service]\nExecStart=/bin/sleep 1000\n')
    // systemd forgets what it knows of a unit that has ended, unless something refers to it, as to every enabled one.
    systemd.unit('default.target', '[Unit]\nAfter=kept.service\n')
    await systemd.start()
  })
  afterEach(async () => {
    await systemd.stop()
    await bench.clear()
  })
  const supervise = (spec: Parameters<Bench['supervise']>[0]) =>
    bench.supervise({ stopTimeoutSeconds: 5, ...spec }, { systemctl: systemd.systemctl })

  await t.test('a unit is started, killed, told how it ended, restarted and stopped', async () => {
    const { supervisor, shown, told, reaches } = supervise({ unit: 'works', restartOnExit: true })
    await reaches('running')
    const { pid } = shown()
    assert.deepEqual(readProcess(pid)?.command, ['/bin/sleep', '1000'])
    process.kill(pid, 'SIGKILL')
    await until(() => shown().exits === 1, 1000, 'notice of the death')
    assert.deepEqual([shown().lastExitCode, shown().lastExitSignal], [-1, 9])
    assert.match(told.at(-1)!, /was ended by SIGKILL, next try in/)
    await reaches('running')
    supervisor.setAdminStatus(1, 'down')
    await reaches('stopped')
    assert.equal(existsSync(`/proc/${shown().pid}/stat`), false)
    assert.equal(shown().lastError, '')
  })

  await t.test('one that runs already is adopted, and one that ends tells its exit code', async () => {
    const first = supervise({ unit: 'works' })
    await first.reaches('running')
    first.supervisor.stop()
    const second = supervise({ unit: 'works' })
    await second.reaches('adopted')
    assert.equal(second.shown().pid, first.shown().pid)
    second.supervisor.setAdminStatus(1, 'down')
    await second.reaches('stopped')
    const third = supervise({ unit: 'breaks' })
    await third.reaches('running')
    await until(() => third.shown().exits === 1, 3000)
    assert.deepEqual([third.shown().lastExitCode, third.shown().lastExitSignal], [7, 0])
  })

  const systemctl = async (...words: string[]): Promise<void> => {
    const [program, ...args] = systemd.systemctl
    const [code] = await once(spawn(program, [...args, ...words], { stdio: 'ignore' }), 'exit')
    assert.equal(code, 0, words.join(' '))
  }

  await t.test(
    'systemctl stop is an order: it is no failure, and stays in force until somebody starts it again',
    async () => {
      let looks = 0
      const every: Clock['every'] = (periodMs, run) =>
        systemClock.every(periodMs, () => {
          run()
          if (periodMs >= 2000) looks++ // wanted and actual state were compared
        })
      const { shown, supervisor, told, reaches } = bench.supervise(
        { unit: 'kept', restartOnExit: true, stopTimeoutSeconds: 5 },
        { systemctl: systemd.systemctl, clock: { ...systemClock, every } },
      )
      await reaches('running')
      await systemctl('stop', 'kept.service')
      await reaches('stopped')
      assert.match(
        told.at(-1)!,
        /was stopped by systemctl; it is not started again before somebody starts its unit or sets it up$/,
      )
      const seen = looks
      await until(() => looks >= seen + 2, 10_000, 'two looks')
      assert.deepEqual([shown().state, shown().restarts, shown().spec.adminStatus], ['stopped', 0, 'up'])
      await systemctl('start', 'kept.service')
      await reaches('adopted')
      // A signal by hand is no order, though systemd calls that end a success too.
      process.kill(shown().pid, 'SIGTERM')
      await until(() => shown().exits === 2 && shown().state === 'running', 10_000, 'the restart')
      await systemctl('stop', 'kept.service')
      await reaches('stopped')
      supervisor.setAdminStatus(1, 'up')
      await reaches('running')
    },
  )

  await t.test('a unit that is not there fails with the words of systemctl', async () => {
    const { shown, reaches } = supervise({ unit: 'nothere' })
    await reaches('failed')
    assert.match(shown().lastSaid, /Unit nothere\.service not found/)
  })
})
