import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { tellSystemd } from '../../lib/process/systemd.ts'
import { programRoot } from '../../lib/program-root.ts'
import { type Clock, ManualClock, systemClock } from '../../lib/time/clock.ts'
import { makeHome, runBin, until } from '../support/appliance.ts'
import { withoutDescriptors } from '../support/descriptors.ts'
import { LaidOutHome, noLayout } from '../support/laid-out.ts'
import { needs } from '../support/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'units-'))
after(() => rm(folder, { recursive: true, force: true }))

describe('systemd units', needs('systemd-analyze'), () => {
  test('systemd-analyze verify has nothing to say of them', async () => {
    const options = [
      '--home',
      join(folder, 'home'),
      '--output',
      folder,
      '--user',
      'daemon',
      '--sipd-user',
      'daemon',
      '--console-user',
      'daemon',
    ]
    const written = await runBin('castellan', ['units', ...options])
    assert.equal(written.code, 0, written.err)
    const units = readdirSync(folder).filter((name) => name.endsWith('.service'))
    assert.deepEqual(units.sort(), [
      'castellan-agent.service',
      'castellan-console.service',
      'castellan-sipd.service',
      'castellan-subagents.service',
    ])
    for (const unit of units) assert.doesNotMatch(readFileSync(join(folder, unit), 'utf8'), /[{}]/)
    const said = await new Promise<string>((resolve) => {
      const paths = units.map((name) => join(folder, name))
      execFile('systemd-analyze', ['verify', '--man=no', ...paths], (error, out, err) => {
        resolve(`${error ? `exit code ${error.code}\n` : ''}${out}${err}`)
      })
    })
    const ours = said.split('\n').filter((line) => line.includes('castellan') || line.startsWith('exit code'))
    assert.deepEqual(ours, [])
  })

  for (const [daemon, below] of [
    ['agent', 2.5],
    ['sipd', 2.5],
    ['console', 2.5],
    ['subagents', 5],
  ] as const)
    test(`systemd-analyze security finds less than ${below} to be exposed by the unit of ${daemon}`, async () => {
      const output = join(folder, 'analyzed')
      const written = await runBin('castellan', ['units', '--home', '/srv/castellan', '--output', output])
      assert.equal(written.code, 0, written.err)
      const path = join(output, `castellan-${daemon}.service`)
      const said = execFileSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', path], {
        encoding: 'utf8',
      })
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(said)?.[1])
      assert.ok(exposure < below, said)
    })

  test('a home or a program among the homes of users, or in /tmp, stays to be seen', () => {
    const sees = (home: string): unknown[] => {
      const output = mkdtempSync(join(folder, 'seen-'))
      execFileSync(join(programRoot, 'bin', 'castellan'), ['units', '--home', home, '--output', output])
      const unit = readFileSync(join(output, 'castellan-sipd.service'), 'utf8')
      return [/^ProtectHome=(\S+)$/m.exec(unit)?.[1], /^PrivateTmp=(\S+)$/m.exec(unit)?.[1]]
    }
    const inTmp = /^\/(var\/)?tmp\//.test(programRoot)
    assert.deepEqual(sees('/srv/castellan'), ['yes', inTmp ? 'no' : 'yes'])
    assert.deepEqual(sees('/home/ann/castellan'), ['read-only', inTmp ? 'no' : 'yes'])
    assert.deepEqual(sees('/tmp/castellan'), ['yes', 'no'])
    assert.deepEqual(sees('/tmpfiles/homeland'), ['yes', inTmp ? 'no' : 'yes'])
  })
})

describe('the row of sipd', { skip: noLayout }, () => {
  let installed: LaidOutHome
  before(async () => {
    installed = await LaidOutHome.make()
  })
  after(() => installed.remove())

  const row = 'critAppProcEntry 1 sipd - - up true 300 true true true 30 nonVolatile'
  const units = async (): Promise<string> => {
    const { exit, printed } = await installed.runAs(0, ['castellan', 'units', '--output', join(folder, 'row')])
    assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
    return printed
  }

  test('names the unit in place of commands; comments and other rows stay, and a second time changes nothing', async () => {
    const path = join(installed.home.conf, 'subagents', 'critagt.cnf')
    const other = 'critAppProcEntry 7 crond /usr/sbin/cron - up true 300 true true true # by hand'
    writeFileSync(path, `${readFileSync(path, 'utf8')}${other}\n`)
    const before = readFileSync(path, 'utf8').split('\n')
    assert.match(await units(), /critagt\.cnf names castellan-sipd\.service now, in place of commands/)
    const after = readFileSync(path, 'utf8')
    const graceful = `"${installed.program}/bin/sip graceful --home ${installed.home.root}"`
    const line = `${row} ${graceful} 0 600 10 castellan-sipd.service sip - 30 5 3`
    const at = before.findIndex((one) => one.startsWith('critAppProcEntry 1 sipd'))
    assert.deepEqual(after.split('\n'), [...before.slice(0, at), line, ...before.slice(at + 5)])
    assert.match(await units(), /critagt\.cnf names castellan-sipd\.service already/)
    assert.equal(readFileSync(path, 'utf8'), after)
  })

  test('stays where it has another unit; where there is none, that is said', async () => {
    const path = join(installed.home.conf, 'subagents', 'critagt.cnf')
    writeFileSync(path, `${row} - 0 600 10 kamailio.service\n`)
    assert.match(await units(), /has the unit kamailio\.service for sipd, which stays/)
    writeFileSync(path, '# nothing\n')
    assert.match(await units(), /has no row of sipd; add one that names castellan-sipd\.service/)
    assert.equal(readFileSync(path, 'utf8'), '# nothing\n')
  })

  test('is not touched where all of the home is one user’s, and what to do first is said', async () => {
    const { home } = await makeHome()
    const path = join(home.conf, 'subagents', 'critagt.cnf')
    const before = readFileSync(path, 'utf8')
    const { code, out } = await runBin('castellan', ['units', '--home', home.root, '--output', join(folder, 'one')])
    assert.equal(code, 0)
    assert.match(
      out,
      /not laid out for these users yet; run: castellan init --home \S+ --user castellan --sipd-user sipd;/,
    )
    assert.equal(readFileSync(path, 'utf8'), before)
    await rm(home.root, { recursive: true, force: true })
  })
})

test('a daemon under systemd says when it serves, and that it lives twice in each watchdog time', async () => {
  const told = join(folder, 'told')
  const program = join(folder, 'systemd-notify')
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${told}\n`)
  chmodSync(program, 0o755)
  const environment = { PATH: `${folder}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '200000' }
  const timer = tellSystemd(systemClock, silentLog, environment)
  const lines = (): string[] => {
    try {
      return readFileSync(told, 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  const held = setInterval(() => {}, 1000) // the daemon's timers do not keep a process
  await until(() => lines().length >= 3, 3000, 'the watchdog')
  clearInterval(held)
  timer.cancel()
  assert.deepEqual(lines().slice(0, 3), [
    `--pid=${process.pid} --ready`,
    `--pid=${process.pid} WATCHDOG=1`,
    `--pid=${process.pid} WATCHDOG=1`,
  ])
  assert.deepEqual(Object.keys(environment), ['PATH'], 'the agreement is with this process alone')
  tellSystemd(systemClock, silentLog, {})
})

test('what systemd was not told, since no process could be started, it is told again within the watchdog time', async () => {
  const ground = mkdtempSync(join(folder, 'busy-'))
  const told = join(ground, 'told')
  // The first four times it fails, as for want of a process.
  const script = `#!/bin/sh\necho "$2" >> ${told}\n[ "$(wc -l < ${told})" -gt 4 ]\n`
  writeFileSync(join(ground, 'systemd-notify'), script, { mode: 0o755 })
  const environment = { PATH: `${ground}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '60000000' }
  const delays: number[] = []
  const { clock } = countingClock()
  const after: Clock['after'] = (ms, act) => {
    delays.push(ms)
    queueMicrotask(act)
    return { cancel: () => {} }
  }
  tellSystemd({ ...clock, after }, silentLog, environment)
  await until(() => existsSync(told) && readFileSync(told, 'utf8').split('\n').length > 5, 5000, 'the fifth try')
  assert.equal(readFileSync(told, 'utf8'), '--ready\n'.repeat(5))
  assert.deepEqual(delays, [6000, 6000, 6000, 6000], 'four more fit into the half that is left')
})

test('systemd is told that a daemon lives although no descriptor is left', async () => {
  const ground = mkdtempSync(join(folder, 'scarce-'))
  const told = join(ground, 'told')
  writeFileSync(join(ground, 'systemd-notify'), `#!/bin/sh\necho "$2" >> ${told}\n`, { mode: 0o755 })
  const clock = new ManualClock()
  const lines = (): string[] => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [])
  const environment = { PATH: `${ground}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '60000000' }
  const timer = tellSystemd(clock, silentLog, environment)
  await until(() => lines().length === 1, 5000, 'the first notification')
  await withoutDescriptors(() => clock.advance(30_000))
  await until(() => lines().length === 2, 5000, 'the watchdog')
  timer.cancel()
  assert.deepEqual(lines(), ['--ready', 'WATCHDOG=1'])
})

test('the watchdog of another process is not fed (sd_watchdog_enabled(3))', async () => {
  const { clock, timers } = countingClock()
  const ours = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '200000' }
  tellSystemd(clock, silentLog, { ...ours, WATCHDOG_PID: '1' })
  assert.equal(timers(), 0)
  tellSystemd(clock, silentLog, { ...ours, WATCHDOG_PID: String(process.pid) })
  assert.equal(timers(), 1)
})

/** Time stands still; what wants to happen again and again is counted. */
function countingClock() {
  const clock = new ManualClock()
  let timers = 0
  const every: Clock['every'] = () => {
    timers++
    return { cancel: () => {} }
  }
  return { clock: { now: () => 0, monotonicMs: () => 0, after: clock.after.bind(clock), every }, timers: () => timers }
}
