import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitStatusOf } from '../../../subagents/critapp/host/exit-status.ts'

test('of a process without a PID file that was not our child, nothing is claimed', () => {
  const identity = { pid: 999_999_999, startTicks: 1, command: [] }
  assert.deepEqual(exitStatusOf({ identity, pidFile: undefined }), {
    code: -1,
    signal: 0,
    how: 'ended; it was not our child, so how is not known',
  })
})

test('a daemon that was killed left its PID file behind, one that ended by itself did not, and both are said', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'exit-status-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const pidFile = join(folder, 'unit.pid')
  const identity = { pid: 999_999_999, startTicks: 1, command: [] }
  writeFileSync(pidFile, `${identity.pid}\n1\n[]\n`)
  const killed = exitStatusOf({ identity, pidFile })
  assert.deepEqual(
    [/^was killed or crashed: it left its PID file behind/.test(killed.how), killed.isCrash],
    [true, true],
  )
  rmSync(pidFile)
  const ended = exitStatusOf({ identity, pidFile })
  assert.deepEqual([/^ended by itself: it took its PID file away/.test(ended.how), ended.isCrash], [true, undefined])
})
