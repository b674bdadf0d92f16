import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Appliance, makeHome, until } from '../support/appliance.ts'

test('an agent whose engine boots are at their end says that SNMPv3 answers nobody, and what to do (RFC 3414 §2.2.2)', async () => {
  const at = await makeHome()
  const folder = join(at.home.data, 'agent')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'engine.json')
  writeFileSync(file, '{"engineId":"80007ed905cafe","boots":2147483646}\n', { mode: 0o600 })
  const appliance = new Appliance(at)
  try {
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    const log = (): string => readFileSync(join(at.home.logs, 'agent', 'agent.log'), 'utf8')
    await until(() => /SNMPv3 answers no user: snmpEngineBoots is at its end/.test(log()), 5000, 'the line in the log')
    assert.match((await appliance.castellan('status')).out, /snmpEngineBoots is at its end/)
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).boots, 2_147_483_647)
  } finally {
    await appliance.stop()
  }
})
