import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { type Domain, pidFileOf } from '../../lib/home/home.ts'
import { readCredentials } from '../../lib/proc/credentials.ts'
import { userOf, visibleProcesses } from '../../lib/proc/process.ts'
import { type Outcome, runProgram } from '../../lib/program/run.ts'
import { whatIsLeft } from '../../lib/users/privileges.ts'
import { until } from '../support/appliance.ts'
import { LaidOutHome } from '../support/laid-out.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'
import { noSystemd, UserSystemd } from '../support/systemd.ts'

/** systemd takes users that have names: Debian's daemon and bin, which own nothing that runs. */
const [agent, sipd, console] = [1, 2, 3]
const community = `installed-${process.pid}`
const sleeper = `sleeper-${process.pid}`

/** The units as `castellan units` writes them, with every restriction that they have. */
describe(
  'what castellan init and castellan units install, under a real systemd',
  noSystemd ? { skip: noSystemd } : needs('dbus-daemon', 'snmpget'),
  () => {
    let installed: LaidOutHome
    let systemd: UserSystemd
    let folder: string
    before(async () => {
      installed = await LaidOutHome.make({ agent, sipd, console })
      folder = mkdtempSync(join(tmpdir(), 'installed-'))
      const units = join(folder, 'units')
      const written = await installed.runAs(0, ['castellan', 'units', '--output', units])
      assert.deepEqual(written.exit, { kind: 'exited', code: 0 }, written.printed)
      // A program of a row that is no unit, under a name of its own.
      copyFileSync('/bin/sleep', join(folder, sleeper))
      const row = `critAppProcEntry 2 ${sleeper} "${join(folder, sleeper)} 600" - up true 300 true true true 30 nonVolatile`
      appendFileSync(join(installed.home.conf, 'subagents', 'critagt.cnf'), `${row}\n`)
      // An installed home has no community.
      const lines = [
        `snmpCommunityEntry installed ${community} installedSec localSnmpID - - nonVolatile`,
        'vacmSecurityToGroupEntry snmpv2c installedSec publicGroup nonVolatile',
      ]
      appendFileSync(join(installed.home.conf, 'agent', 'snmpd.cnf'), `${lines.join('\n')}\n`)
      systemd = new UserSystemd(folder)
      for (const name of readdirSync(units)) systemd.unit(name, readFileSync(join(units, name), 'utf8'))
      await systemd.start()
      await systemd.startBus()
    })
    after(async () => {
      const sleeping = running(sleeper)
      if (sleeping !== undefined) process.kill(sleeping, 'SIGKILL')
      await systemd.stop()
      await installed.remove()
      await rm(folder, { recursive: true, force: true })
    })

    const systemctl = (...words: string[]): Promise<Outcome> =>
      runProgram({ argv: [...systemd.systemctl, ...words], limitMs: 60_000 })
    const isActive = async (unit: string): Promise<boolean> =>
      (await systemctl('show', '--value', '--property=ActiveState', unit)).output.trim() === 'active'
    const running = (name: string): number | undefined =>
      visibleProcesses().find(({ command }) => basename(command[0] ?? '') === name)?.pid
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

    test('leaves the agent and sipd no right of root: the agent the ports below 1024, sipd none', async () => {
      const ofAgent = readCredentials(pidOf('agent')!)
      const capNetBindService = 1n << 10n
      assert.deepEqual(ofAgent?.uids, [agent, agent, agent, agent])
      assert.equal(ofAgent?.effectiveCapabilities, capNetBindService)
      const account = { name: undefined, uid: sipd, gid: sipd }
      const workers = visibleProcesses().filter(({ parentPid }) => parentPid === pidOf('sipd'))
      assert.equal(workers.length, 1)
      for (const pid of [pidOf('sipd')!, workers[0]!.pid])
        assert.equal(whatIsLeft(account, readCredentials(pid)), undefined)
    })

    test('has sipd answer, show its figures through the agent, and go on through a graceful restart', async () => {
      for (const how of [[], ['--tcp']]) {
        const { exit, printed } = await installed.runAs(0, ['sip', 'ping', ...how])
        assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
      }
      // sipCommonSummaryInRequests of application 1 (RFC 4780): the OPTIONS of the ping, and of the health check.
      const requests = async (): Promise<number> => {
        const get = [
          '-v2c',
          `-c${community}`,
          '-Oqv',
          `127.0.0.1:${installed.snmpPort}`,
          '.1.3.6.1.2.1.149.1.3.1.1.1.1',
        ]
        return Number((await netsnmp('snmpget', get)).out.trim())
      }
      await until(async () => (await requests()) >= 2, 10_000, 'the requests of SIP over SNMP')
      const before = pidOf('sipd')
      const graceful = await installed.runAs(0, ['sip', 'graceful'])
      assert.deepEqual(graceful.exit, { kind: 'exited', code: 0 }, graceful.printed)
      assert.equal(pidOf('sipd'), before)
      assert.deepEqual((await installed.runAs(0, ['sip', 'ping'])).exit, { kind: 'exited', code: 0 })
    })

    test('starts the program of a row with none of the limits of the subagents', async () => {
      await until(() => running(sleeper) !== undefined, 10_000, 'the program of the row')
      const limitsOf = (pid: number): unknown[] => {
        const lines = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^(CapBnd|NoNewPrivs|Seccomp):.*$/gm) ?? []
        return [...lines, readCredentials(pid)?.effectiveCapabilities]
      }
      assert.deepEqual(limitsOf(running(sleeper)!), limitsOf(process.pid))
      assert.notDeepEqual(limitsOf(pidOf('subagents')!), limitsOf(process.pid))
      assert.match(readFileSync(`/proc/${running(sleeper)}/cgroup`, 'utf8'), /\/castellan-run-\w+\.service$/m)
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

    test('lets the subagents rotate logs in the folders of the others, which stay theirs', async () => {
      const { exit, printed } = await installed.runAs(0, ['castellan', 'rotate'])
      assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
      for (const [folder, log, user] of [
        ['agent', 'agent.log', agent],
        ['sipd', 'error_log', sipd],
      ] as const) {
        assert.match(printed, new RegExp(`^${log}: renamed to ${log}\\.\\d+ .* has reopened its log$`, 'm'))
        const logs = join(installed.home.logs, folder)
        const files = readdirSync(logs).filter((name) => name === log || name.startsWith(`${log}.`))
        assert.ok(files.length > 1, files.join(' '))
        for (const name of files) assert.equal(statSync(join(logs, name)).uid, user, name)
      }
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
  },
)
