import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { engineIdToStart, identity, keepEngineId, startIdentity } from '../../snmp/engine/engine-identity.ts'
import { Statistics } from '../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../snmp/local-v3.ts'
import { Usm } from '../../snmp/security/usm/usm.ts'
import { V3Messages } from '../../snmp/v3-processing.ts'

const clock = new ManualClock()
const engineId = Buffer.from('80007ed905a1b2c3d4', 'hex')

test('an engineID is on disk when its engine starts and not before; another one that is there by then stops the start', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'engine.json')
  const drawn = await engineIdToStart(path)
  assert.equal(existsSync(path), false)
  const started = await startIdentity(path, clock, drawn)
  assert.ok('boots' in started)
  assert.deepEqual([started.boots, started.engineId, await engineIdToStart(path)], [1, drawn, drawn])
  rmSync(path)
  await keepEngineId(path) // as `castellan user add` does for a new home
  await assert.rejects(startIdentity(path, clock, drawn), /was given another engineID while the engine started/)
})

test('SNMPv3 has an engineID before it serves, and serves the users that it was given before', () => {
  const v3 = new LocalV3(engineId)
  assert.deepEqual([v3.engineId, v3.usm, v3.messages], [engineId, undefined, undefined])
  const ann = { engineId: new Uint8Array(0), name: 'ann', auth: undefined, priv: undefined }
  v3.configure([ann])
  const usm = new Usm(identity(engineId, 1, clock))
  const messages = new V3Messages(usm, new Statistics(), 65_507)
  v3.serve(usm, messages)
  assert.deepEqual([v3.usm?.find('ann'), v3.messages], [ann, messages])
  v3.configure([])
  assert.equal(usm.find('ann'), undefined)
})
