import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { untrusted } from '../../commands/check/daemons.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { agentUser, LaidOutHome, noLayout, sipdUser, stranger } from '../support/laid-out.ts'
import { snapshotOf } from '../support/snapshot.ts'

describe('what root would believe', { skip: noLayout }, () => {
  let installed: LaidOutHome
  before(async () => {
    installed = await LaidOutHome.make()
  })
  after(() => installed.remove())
  beforeEach(() => {
    installed.output = ''
  })

  const inHome = (path: string): string => join(installed.home.root, path)

  /** The subagents are refused with exit code 4, and check names the same component, while something is wrong. */
  async function assertRefused(component: string, what: RegExp): Promise<void> {
    assert.equal(await installed.start('subagents'), 4, installed.output)
    assert.ok(installed.output.startsWith(`subagents: ${component} `), installed.output)
    assert.match(installed.output, what)
    const found = untrusted(installed.home)
    assert.ok(
      found.some(({ file, message }) => file === component && what.test(message)),
      JSON.stringify(found),
    )
  }

  for (const [file, uid] of [
    ['conf/subagents/critagt.cnf', agentUser],
    ['data/subagents/critagt.cnf', agentUser],
    ['data/subagents/critagt.waiting.cnf', agentUser],
    ['data/subagents/logagt.cnf', sipdUser],
    ['data/subagents/scripts.cnf', sipdUser],
    ['data/subagents/rotation.json', sipdUser],
    ['data/subagents/log.json', sipdUser],
  ] as const)
    test(`is refused where a user of the daemons owns it: ${file}`, async () => {
      const path = inHome(file)
      const wasThere = existsSync(path)
      if (!wasThere) writeFileSync(path, '')
      chownSync(path, uid, uid)
      await assertRefused(path, new RegExp(` belongs to ${uid}, .*; run: chown -h root /`))
      if (wasThere) chownSync(path, 0, 0)
      else rmSync(path)
    })

  for (const folder of ['', 'conf', 'conf/subagents', 'data', 'data/subagents', 'logs', 'logs/subagents', 'run'])
    test(`is refused where its folder can be written by others: ${folder || 'the home'}`, async () => {
      const path = folder === '' ? installed.home.root : inHome(folder)
      const { mode } = statSync(path)
      chmodSync(path, 0o777)
      await assertRefused(path, / can be written by everybody, .*; run: chmod go-w /)
      chmodSync(path, mode)
    })

  test('is refused where a link of somebody else leads to it', async () => {
    const path = inHome('data/subagents/critagt.cnf')
    const target = inHome('data/agent/critagt.cnf')
    writeFileSync(target, '')
    chownSync(target, agentUser, agentUser)
    symlinkSync(target, path)
    await assertRefused(inHome('data/agent'), / belongs to 61001, /)
    rmSync(path)
    rmSync(target)
  })

  test('is refused where it is the program', async () => {
    const path = join(installed.program, 'dist', 'lib', 'time', 'clock.js')
    chownSync(path, agentUser, agentUser)
    assert.equal(await installed.start('subagents'), 4, installed.output)
    assert.match(installed.output, /dist\/lib\/time\/clock\.js belongs to 61001, /)
    const { exit, output } = await installed.runAs(0, ['castellan', 'check'])
    assert.deepEqual(exit, { kind: 'exited', code: 4 })
    assert.match(output, /^\S+\/dist\/lib\/time\/clock\.js belongs to 61001, .*; run: chown -h root /m)
    chownSync(path, 0, 0)
  })

  for (const [file, mine] of [
    ['conf/agent/snmpd.cnf', agentUser],
    ['conf/sipd/sipd.conf', 0],
  ] as const)
    test(`is found by check where the daemon itself could not read it, as an editor of root's may leave it: ${file}`, async () => {
      const path = inHome(file)
      const { gid, mode } = statSync(path)
      chownSync(path, 0, 0)
      chmodSync(path, 0o600)
      const { exit, output } = await installed.runAs(0, ['castellan', 'check'])
      assert.deepEqual(exit, { kind: 'exited', code: 1 }, output)
      assert.match(output, new RegExp(`${file.split('/').at(-1)} cannot be read: EACCES`))
      chownSync(path, mine, gid)
      chmodSync(path, mode)
    })

  test('and all else is good', async () => {
    const { exit, output } = await installed.runAs(0, ['castellan', 'check'])
    assert.deepEqual(exit, { kind: 'exited', code: 0 }, output)
    assert.match(output, /^all configuration files are good/m)
  })

  test('is read again only when it is still so', async () => {
    assert.equal(await installed.start('subagents'), undefined, installed.output)
    const log = (): string => readFileSync(inHome('logs/subagents/subagents.log'), 'utf8')
    const overlay = inHome('data/subagents/critagt.cnf')
    writeFileSync(overlay, 'critAppTrapWhenAllRunning true\n')
    chownSync(overlay, agentUser, agentUser)
    process.kill(installed.pidOf('subagents')!, 'SIGHUP')
    await until(() => /cannot read the configuration again.*critagt\.cnf belongs to 61001/.test(log()), 30_000)
    assert.doesNotMatch(log(), /the configuration was read again/)
    rmSync(overlay)
    process.kill(installed.pidOf('subagents')!, 'SIGHUP')
    await until(() => /the configuration was read again/.test(log()), 30_000)
    await installed.stop('subagents')
  })
})

describe('root', { skip: noLayout }, () => {
  describe("in another user's home", () => {
    let at: TestHome
    before(async () => {
      at = await makeHome()
      execFileSync('chown', ['-R', `${stranger}:${stranger}`, at.home.root])
    })
    after(() => rm(at.home.root, { recursive: true, force: true }))

    for (const words of [
      'castellan start',
      'castellan start --detach',
      'castellan stop',
      'castellan restart agent',
      'castellan reload',
      'castellan rotate',
      'castellan init',
      'castellan user add ann',
      'castellan user rotate ann',
      'castellan user test ann',
      'castellan user remove ann',
      'csps_ciagent_ctl start',
      'csps_ciagent_ctl stop',
      'sip start',
      'sip stop',
      'sip restart',
      'sip graceful',
      'sip txngraceful-restart 1 1',
    ])
      test(`starts, signals and changes nothing, and says how it is done: ${words}`, async () => {
        const before = snapshotOf(at.home.root)
        const [program = '', ...args] = words.split(' ')
        const { code, err } = await runBin(program, [...args, '--home', at.home.root])
        assert.equal(code, 4, err)
        const advice = new RegExp(`belongs to ${stranger}, .*; run: runuser -u ${stranger} -- \\w+ .*--home /`)
        assert.match(err, advice)
        assert.deepEqual(snapshotOf(at.home.root), before)
      })

    for (const daemon of ['agent', 'subagents'])
      test(`is no ${daemon}`, async () => {
        const main = join(import.meta.dirname, '..', '..', daemon, 'main.js')
        assert.throws(
          () => execFileSync(process.execPath, [main, '--home', at.home.root], { stdio: 'pipe' }),
          ({ status, stderr }: { status: number; stderr: Buffer }) =>
            status === 4 && stderr.toString().includes(`run/${daemon} belongs to ${stranger}`),
        )
      })
  })

  describe('in a laid-out installation', () => {
    let installed: LaidOutHome
    before(async () => {
      installed = await LaidOutHome.make()
    })
    after(() => installed.remove())

    test('is sent to systemctl by castellan start, and is no agent', async () => {
      const { exit, printed } = await installed.runAs(0, ['castellan', 'start'])
      assert.deepEqual(exit, { kind: 'exited', code: 4 })
      assert.match(
        printed,
        /have users of their own, .*; run: systemctl start castellan-agent castellan-subagents castellan-console\n$/,
      )
      const main = join(installed.program, 'dist', 'agent', 'main.js')
      const agent = await installed.runAs(0, [process.execPath, main, '--home', installed.home.root])
      assert.deepEqual(agent.exit, { kind: 'exited', code: 4 })
      assert.match(
        agent.printed,
        /run\/agent belongs to 61001, .* would run as root; run: systemctl start castellan-agent/,
      )
    })

    test('makes a user as the agent’s user: a link in place of snmpd.cnf shows no file of root', async () => {
      const added = await installed.runAs(0, ['castellan', 'user', 'add', 'ann', '--passphrase-file', phrases()])
      assert.deepEqual(added.exit, { kind: 'exited', code: 0 }, added.printed)
      const file = join(installed.home.conf, 'agent', 'snmpd.cnf')
      assert.deepEqual([statSync(file).uid, statSync(file).mode & 0o777], [agentUser, 0o600])
      assert.match(readFileSync(file, 'utf8'), /^usmUserEntry .*ann/m)
      // As an agent that was broken into could leave it.
      const secret = join(installed.home.root, '..', 'secret')
      writeFileSync(secret, `${readFileSync(file, 'utf8')}# the secret of root\n`, { mode: 0o600 })
      rmSync(file)
      symlinkSync(secret, file)
      const again = await installed.runAs(0, ['castellan', 'user', 'add', 'bob', '--passphrase-file', phrases()])
      assert.deepEqual(again.exit, { kind: 'exited', code: 1 }, again.printed)
      assert.match(again.printed, /snmpd\.cnf cannot be read: EACCES/)
      assert.doesNotMatch(execFileSync('cat', [secret], { encoding: 'utf8' }), /bob/)
    })

    function phrases(): string {
      const path = join(installed.home.root, '..', 'phrases')
      writeFileSync(path, 'authentication phrase\nprivacy phrase\n', { mode: 0o600 })
      return path
    }
  })
})
