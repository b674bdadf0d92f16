import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../../lib/program-root.ts'
import { exitStatusOfUnit } from '../../../subagents/critapp/host/exit-status.ts'
import { fullUnitName, isUnitName, parseUnits, unitCommand } from '../../../subagents/critapp/host/unit.ts'
import { MemoryUnit, Rig } from './rig.ts'

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
  const rig = new Rig()
  const { shown, reaches } = rig.supervise({ unit: 'x', startCommand: '' }, { systemctl: ['/no/such/systemctl'] })
  await reaches('failed')
  assert.match(shown().lastError, /^\/no\/such\/systemctl start -- x\.service: there is no such program/)
})

test('a unit is started by systemctl, shows how it ended, and is started again and stopped', async () => {
  const rig = new Rig()
  const unit = new MemoryUnit(rig.host)
  const { supervisor, shown, reaches } = rig.supervise({ unit: 'x', startCommand: '', restartOnExit: true })
  await reaches('running')
  const { pid } = unit.main
  assert.equal(shown().pid, pid)
  // A signal by hand is no order, though systemd calls that end a success too.
  unit.main.deliver('SIGTERM')
  await rig.until(() => shown().exits === 1, 'notice of the death')
  assert.deepEqual([shown().lastExitCode, shown().lastExitSignal], [-1, 15])
  assert.match(rig.notified.at(-1) ?? '', /was ended by SIGTERM, next try in/)
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.deepEqual([shown().lastError, rig.host.signals], ['', []], 'systemctl stops it, and no signal of ours')
})

test('systemctl stop is an order, which stays in force until somebody starts the unit again', async () => {
  const rig = new Rig()
  const unit = new MemoryUnit(rig.host)
  const { shown, reaches } = rig.supervise({ unit: 'x', startCommand: '', restartOnExit: true })
  await reaches('running')
  unit.stop()
  await reaches('stopped')
  await rig.pass(60_000)
  assert.deepEqual([shown().state, shown().restarts, shown().spec.adminStatus], ['stopped', 0, 'up'])
  unit.start()
  await reaches('adopted')
})
