import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { board } from '../../commands/start/board.ts'
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
