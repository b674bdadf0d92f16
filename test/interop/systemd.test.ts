import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { readEnvironment, readProcess } from '../../lib/proc/process.ts'
import { daemonArgv } from '../../lib/process/daemon.ts'
import { type Outcome, runProgram } from '../../lib/program/run.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { noSystemd, UserSystemd } from '../support/systemd.ts'

const unit = 'castellan-subagents.service'
const watchdogSeconds = 4
let at: TestHome
let systemd: UserSystemd

/**
 * As conf/systemd has it, but for what only the machine's own manager can do, and a watchdog that has no patience; with limits
 * that what it starts must not have.
 */
function unitText(): string {
  return `[Service]
Type=notify
NotifyAccess=all
ExecStart=${daemonArgv('subagents', at.home).join(' ')}
KillMode=process
WatchdogSec=${watchdogSeconds}
Restart=always
RestartSec=1
Environment=PATH=${isolatedPath}
NoNewPrivileges=yes
CapabilityBoundingSet=~CAP_SYS_TIME
SystemCallFilter=~@clock
`
}

const systemPath = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
/** Without the folder of node, as systemd starts that by its whole path. */
const isolatedPath = systemPath.includes(dirname(process.execPath)) ? '/nowhere' : systemPath.join(':')

describe('under a real systemd', noSystemd ? { skip: noSystemd } : needs('dbus-daemon'), () => {
  before(async () => {
    at = await makeHome()
    // The row that init writes, as it is.
    const row = join(at.home.conf, 'subagents', 'critagt.cnf')
    assert.match(readFileSync(row, 'utf8'), /^critAppProcEntry 1 sipd \\$/m)
    systemd = new UserSystemd(at.home.root)
    systemd.unit(unit, unitText())
    await systemd.start()
    await systemd.startBus()
    const started = await systemctl('start', unit)
    assert.deepEqual(started.exit, { kind: 'exited', code: 0 }, started.printed)
    await until(() => sipd() !== undefined, 15_000, 'sipd')
  })
  after(async () => {
    await systemd.stop()
    const left = sipd()
    if (left) process.kill(left.pid, 'SIGKILL')
    await runProgram({ argv: ['rm', '-rf', at.home.root], limitMs: 10_000 })
  })

  const systemctl = (...words: string[]): Promise<Outcome> =>
    runProgram({ argv: [...systemd.systemctl, ...words], limitMs: 30_000 })
  const shown = async (property: string): Promise<string> =>
    (await systemctl('show', '--value', `--property=${property}`, unit)).output.trim()
  const sipd = () => readPidFile(join(at.home.run, 'sipd', 'sipd.pid'))
  const subagents = () => readPidFile(join(at.home.run, 'subagents', 'subagents.pid'))

  test('the unit is that of the subagents, and sipd knows nothing of it', async () => {
    assert.equal(Number(await shown('MainPID')), subagents()?.pid)
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'INVOCATION_ID'])
      assert.equal(readEnvironment(sipd()!.pid, name), undefined, name)
    assert.equal(readEnvironment(sipd()!.pid, 'CASTELLAN_HOME'), at.home.root)
  })

  test('sipd has none of the limits of the unit of the subagents, and outlives it in a unit of its own', () => {
    const limitsOf = (pid: number) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const fieldOf = (name: string) => new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(status)?.[1] ?? ''
      const capSysTime = 1n << 25n
      return {
        noNewPrivileges: fieldOf('NoNewPrivs'),
        filters: fieldOf('Seccomp_filters') === '0' ? 'none' : 'some',
        mayHaveTime: (BigInt(`0x${fieldOf('CapBnd')}`) & capSysTime) !== 0n,
      }
    }
    const ours = limitsOf(process.pid)
    assert.deepEqual(limitsOf(subagents()!.pid), { noNewPrivileges: '1', filters: 'some', mayHaveTime: false })
    assert.deepEqual(limitsOf(sipd()!.pid), ours)
    assert.match(readFileSync(`/proc/${sipd()!.pid}/cgroup`, 'utf8'), /\/castellan-run-[0-9a-f]{16}\.service$/m)
    assert.doesNotMatch(readFileSync(`/proc/${sipd()!.pid}/cgroup`, 'utf8'), /castellan-subagents/)
  })

  test('stopping sipd starts no second subagents process, and a stopped subagents process meets its watchdog', async () => {
    const before = subagents()!
    const stopped = await runBin('sip', ['stop', '--home', at.home.root])
    assert.equal(stopped.code, 0, stopped.err)
    assert.equal(Number(await shown('MainPID')), before.pid)
    assert.equal(await shown('NRestarts'), '0')
    assert.equal((await runBin('sip', ['start', '--home', at.home.root])).code, 0)
    // It stands still: nobody else may feed its watchdog.
    process.kill(before.pid, 'SIGSTOP')
    await until(async () => (await shown('NRestarts')) === '1', 4000 * watchdogSeconds, 'the watchdog')
    await until(() => subagents() !== undefined && subagents()!.pid !== before.pid, 15_000, 'the new subagents process')
    assert.equal(Number(await shown('MainPID')), subagents()?.pid)
  })

  test('systemctl stop ends the subagents and leaves sipd', async () => {
    const [daemon, main] = [sipd()!, subagents()!]
    assert.deepEqual((await systemctl('stop', unit)).exit, { kind: 'exited', code: 0 })
    assert.equal(await shown('ActiveState'), 'inactive')
    assert.equal(readProcess(main.pid), undefined)
    assert.ok(readProcess(daemon.pid), 'what is supervised outlives it')
  })
})
