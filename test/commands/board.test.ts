import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { board } from '../../commands/start/board.ts'
import { addUser } from '../../commands/user/add.ts'
import { makeHome } from '../support/appliance.ts'

for (const [listen, asked] of [
  ['[::]', '[::1]'],
  ['0.0.0.0', '127.0.0.1'],
  ['[fd77::1]', '[fd77::1]'],
] as const)
  test(`the commands to try ask ${asked} where the agent listens on ${listen}`, async () => {
    const at = await makeHome()
    const path = join(at.home.conf, 'agent', 'snmpd.cnf')
    const text = readFileSync(path, 'utf8').replace(/^snmpListenEntry.*$/m, `snmpListenEntry ${listen}:${at.snmpPort}`)
    writeFileSync(path, text, { mode: 0o600 })
    const printed = await board(at.home, undefined)
    assert.ok(printed.includes(`getmany -v2c ${asked}:${at.snmpPort} public system`), printed)
    await rm(at.home.root, { recursive: true, force: true })
  })

/** With a file of its configuration changed. */
function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')), { mode: 0o600 })
}

test('the board names communities, users, applications and targets as they are in the files', async () => {
  const at = await makeHome()
  const { conf, root } = at.home
  const snmpd = join(conf, 'agent', 'snmpd.cnf')
  edit(join(conf, 'subagents', 'critagt.cnf'), (text) =>
    text.replace('critAppProcEntry 1 sipd', 'critAppProcEntry 7 proxy'),
  )
  const passphraseFile = join(root, 'phrases')
  writeFileSync(passphraseFile, 'authentication phrase\nprivacy phrase\n')
  await addUser(at.home, 'nms', { group: 'operate', passphraseFile })
  edit(snmpd, (text) => text.replace('snmpCommunityEntry public public ', 'snmpCommunityEntry public looker '))
  const first = await board(at.home, undefined)
  assert.match(first, /read: looker {3}operate: cspsAdmin {3}users: nms$/m)
  assert.ok(first.includes(`getmany -v2c ${at.snmp} looker system`), first)
  assert.match(first, /cspsAdmin critAppAdminStatus\.7 down\s+# stops proxy; up starts it$/m)
  assert.match(first, new RegExp(`/traprcv ${at.trapPort}\\s`))
  edit(snmpd, (text) => text.replace(/^snmpCommunityEntry.*\n/gm, '').replace(/^snmpTargetAddrEntry.*\n/gm, ''))
  const second = await board(at.home, undefined)
  assert.match(second, /udp \S+ {3}users: nms$/m)
  assert.ok(second.includes(`setany -v3 -u nms ${at.snmp} critAppAdminStatus.7 down`), second)
  assert.match(second, /traps go to +nobody$/m)
  assert.doesNotMatch(second, /traprcv/)
  await rm(root, { recursive: true, force: true })
})
