import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Domain, pidFileOf } from '../../lib/home.ts'
import { readPidFile } from '../../lib/proc/pid-file.ts'
import { userOf } from '../../lib/proc/process.ts'
import { type Outcome, runProgram } from '../../lib/program/run.ts'
import { until } from '../support/appliance.ts'
import { LaidOutHome } from '../support/laid-out.ts'
import { noSystemd, UserSystemd } from '../support/systemd.ts'

/** systemd takes users that have names: Debian's daemon and bin, which own nothing that runs. */
const [agent, sipd] = [1, 2]

/** The units as `castellan units` writes them, with every restriction that they have. */
describe('what castellan init and castellan units install, under a real systemd', { skip: noSystemd }, () => {
  let installed: LaidOutHome
  let systemd: UserSystemd
  let folder: string
  before(async () => {
    installed = await LaidOutHome.make({ agent, sipd })
    folder = mkdtempSync(join(tmpdir(), 'installed-'))
    const units = join(folder, 'units')
    const written = await installed.runAs(0, ['castellan', 'units', '--output', units])
    assert.deepEqual(written.exit, { kind: 'exited', code: 0 }, written.printed)
    systemd = new UserSystemd(folder)
    for (const name of readdirSync(units)) systemd.unit(name, readFileSync(join(units, name), 'utf8'))
    await systemd.start()
  })
  after(async () => {
    await systemd.stop()
    await installed.remove()
    await rm(folder, { recursive: true, force: true })
  })

  const systemctl = (...words: string[]): Promise<Outcome> =>
    runProgram({ argv: [...systemd.systemctl, ...words], limitMs: 60_000 })
  const isActive = async (unit: string): Promise<boolean> =>
    (await systemctl('show', '--value', '--property=ActiveState', unit)).output.trim() === 'active'
  const pidOf = (domain: Domain): number | undefined => readPidFile(pidFileOf(installed.home, domain))?.pid

  test('serves: the agent and sipd as their users, the subagents as root, and critapp starts the unit of sipd', async () => {
    for (const unit of ['castellan-agent', 'castellan-subagents']) {
      const started = await systemctl('start', unit)
      assert.deepEqual(started.exit, { kind: 'exited', code: 0 }, started.printed)
    }
    await until(() => isActive('castellan-sipd'), 30_000, 'the unit of sipd')
    const users = (['agent', 'subagents', 'sipd'] as const).map((domain) => userOf(pidOf(domain) ?? 0))
    assert.deepEqual(users, [agent, 0, sipd])
  })

  test('shows the agent nothing of sipd and the subagents, though it is in the group of sipd', async () => {
    const { root } = installed.home
    const inUnit = ['nsenter', '--mount', `--target=${pidOf('agent')}`] as const
    const asAgent = ['setpriv', `--reuid=${agent}`, `--regid=${agent}`, `--groups=${sipd}`] as const
    const see = (...command: string[]) => runProgram({ argv: [...inUnit, ...asAgent, ...command], limitMs: 10_000 })
    for (const path of ['conf/sipd/sipd.conf', 'conf/subagents/critagt.cnf', 'logs/sipd/error_log', 'data/sipd'])
      assert.match((await see('ls', join(root, path))).printed, /Permission denied/, path)
    assert.match((await see('touch', join(root, 'data', 'x'))).printed, /Permission denied|Read-only/)
    const own = await see('touch', join(root, 'data/agent/x'))
    assert.deepEqual(own.exit, { kind: 'exited', code: 0 }, own.printed)
  })

  test('lets sip stop and sip start act through critapp and systemd', async () => {
    const before = pidOf('sipd')
    for (const [command, isUp] of [
      ['stop', false],
      ['start', true],
    ] as const) {
      const { exit, printed } = await installed.runAs(0, ['sip', command])
      assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
      assert.equal(await isActive('castellan-sipd'), isUp)
    }
    assert.notEqual(pidOf('sipd'), before)
    assert.equal(userOf(pidOf('sipd') ?? 0), sipd)
  })
})
