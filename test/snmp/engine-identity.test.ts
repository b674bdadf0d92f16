import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../lib/time/clock.ts'
import { engineIdToStart, startIdentity } from '../../snmp/engine/engine-identity.ts'

const skip = process.getuid?.() === 0 ? false : 'mounting a small disk needs root'

describe('snmpEngineBoots on a disk that is full to the last octet', { skip }, () => {
  let root: string
  const filler = (): string => join(root, 'filler')
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'boots-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root])
    assert.equal(mounted.status, 0, String(mounted.stderr))
  })
  after(() => {
    spawnSync('umount', [root])
    rmSync(root, { recursive: true, force: true })
  })

  function fill(): void {
    assert.throws(
      () => {
        for (;;) appendFileSync(filler(), Buffer.alloc(4096))
      },
      { code: 'ENOSPC' },
    )
    assert.equal(statfsSync(root).bavail, 0)
  }

  const engineIdIn = (name: string) => engineIdToStart(join(root, name))
  const start = async (name: string) => startIdentity(join(root, name), systemClock, await engineIdIn(name))
  const kept = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'))

  test('grow with every start, as the file that is there is written over', async () => {
    const first = await start('engine.json')
    assert.ok('boots' in first && first.boots === 1)
    fill()
    for (const boots of [2, 3, 4]) {
      const again = await start('engine.json')
      assert.ok('boots' in again)
      assert.equal(again.boots, boots)
      assert.deepEqual(again.engineId, first.engineId)
      assert.deepEqual(kept('engine.json'), { engineId: Buffer.from(first.engineId).toString('hex'), boots })
    }
  })

  test('grow in a file of an earlier version too, which is shorter', async () => {
    writeFileSync(filler(), '')
    writeFileSync(join(root, 'old.json'), '{"engineId":"80007ed905cafe","boots":99}\n', { mode: 0o600 })
    fill()
    const next = await start('old.json')
    assert.ok('boots' in next && next.boots === 100)
    assert.deepEqual(kept('old.json'), { engineId: '80007ed905cafe', boots: 100 })
  })

  test('that cannot be kept at all are not used before there is room', async () => {
    fill()
    const engineId = await engineIdIn('new.json')
    const unkept = await startIdentity(join(root, 'new.json'), systemClock, engineId)
    assert.ok('retry' in unkept)
    assert.match(unkept.reason.message, /new\.json could not be written: ENOSPC/)
    await assert.rejects(unkept.retry(), { code: 'ENOSPC' })
    rmSync(filler())
    const identity = await unkept.retry()
    assert.equal(identity.boots, 1)
    assert.deepEqual(identity.engineId, engineId)
    assert.deepEqual(kept('new.json'), { engineId: Buffer.from(engineId).toString('hex'), boots: 1 })
  })
})
