import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { agentUser, consoleUser, LaidOutHome, noLayout, sipdUser, stranger } from '../support/laid-out.ts'

describe('a laid-out installation', { skip: noLayout }, () => {
  let installed: LaidOutHome
  before(async () => {
    installed = await LaidOutHome.make()
  })
  after(() => installed.remove())

  test('gives each folder to the user of its process, and the parents to root', () => {
    const root = installed.home.root
    const folders = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
    const found = [root, ...folders].map((path) => {
      const { uid, gid, mode } = statSync(path)
      return `${relative(root, path) || '.'} ${uid}:${gid} ${(mode & 0o7777).toString(8)}`
    })
    const [agent, sipd, console] = [agentUser, sipdUser, consoleUser].map((uid) => `${uid}:${uid}`)
    assert.deepEqual(found.sort(), [
      '. 0:0 755',
      'conf 0:0 755',
      `conf/agent ${agent} 700`,
      `conf/console ${console} 700`,
      `conf/sipd 0:${sipdUser} 750`,
      'conf/subagents 0:0 700',
      'data 0:0 755',
      `data/agent ${agent} 700`,
      `data/console ${console} 700`,
      `data/sipd ${sipd} 700`,
      'data/subagents 0:0 700',
      'logs 0:0 755',
      `logs/agent ${agent} 700`,
      `logs/console ${console} 700`,
      `logs/sipd ${sipd} 700`,
      'logs/subagents 0:0 700',
      'run 0:0 755',
      `run/agent ${agent} 711`,
      `run/console ${console} 700`,
      `run/sipd ${sipd} 700`,
      'run/subagents 0:0 711',
    ])
  })

  test('lets agent and sipd serve as their users', async () => {
    assert.equal(await installed.start('agent'), undefined, installed.output)
    assert.equal(await installed.start('sipd'), undefined, installed.output)
    await installed.stop('sipd')
    await installed.stop('agent')
  })

  test("lets nobody read or change what is another user's", async () => {
    const { root } = installed.home
    const tries: [number, string][] = [
      [agentUser, 'cat ROOT/conf/subagents/critagt.cnf'],
      [agentUser, 'mv ROOT/logs/sipd ROOT/logs/other'],
      [agentUser, 'touch ROOT/data/subagents/critagt.cnf'],
      [agentUser, 'touch ROOT/run/castellan.pid'],
      [sipdUser, 'cat ROOT/conf/agent/snmpd.cnf'],
      [sipdUser, 'touch ROOT/conf/sipd/more.conf'],
      [sipdUser, 'sh -c "echo >> ROOT/conf/sipd/sipd.conf"'],
      [sipdUser, 'ls ROOT/run/agent'],
      [sipdUser, 'touch ROOT/run/agent/agent.pid'],
      [stranger, 'cat ROOT/conf/sipd/sipd.conf'],
      [stranger, 'ls ROOT/logs/agent'],
    ]
    for (const [uid, command] of tries) {
      const { exit, printed } = await installed.runAs(uid, ['/bin/sh', '-c', command.replaceAll('ROOT', root)])
      assert.ok(exit.kind === 'exited' && exit.code !== 0, command)
      assert.match(printed, /Permission denied/, command)
    }
    assert.equal(statSync(join(root, 'conf/sipd/sipd.conf')).uid, 0)
    const read = await installed.runAs(sipdUser, ['/bin/cat', join(root, 'conf/sipd/sipd.conf')])
    assert.deepEqual(read.exit, { kind: 'exited', code: 0 })
  })
})
