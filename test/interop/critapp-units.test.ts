import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { type Clock, systemClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'
import { Bench } from '../support/supervision.ts'
import { noSystemd, UserSystemd } from '../support/systemd.ts'

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

  await t.test('a unit is started, killed, shows how it ended, and is restarted and stopped', async () => {
    const { supervisor, shown, notified, reaches } = supervise({ unit: 'works', restartOnExit: true })
    await reaches('running')
    const { pid } = shown()
    assert.deepEqual(readProcess(pid)?.command, ['/bin/sleep', '1000'])
    process.kill(pid, 'SIGKILL')
    await until(() => shown().exits === 1, 5000, 'notice of the death')
    assert.deepEqual([shown().lastExitCode, shown().lastExitSignal], [-1, 9])
    assert.match(notified.at(-1)!, /was ended by SIGKILL, next try in/)
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
    await until(() => third.shown().exits === 1, 5000)
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
      const { shown, supervisor, notified, reaches } = bench.supervise(
        { unit: 'kept', restartOnExit: true, stopTimeoutSeconds: 5 },
        { systemctl: systemd.systemctl, clock: { ...systemClock, every } },
      )
      await reaches('running')
      await systemctl('stop', 'kept.service')
      await reaches('stopped')
      assert.match(
        notified.at(-1)!,
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
