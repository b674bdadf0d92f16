import assert from 'node:assert/strict'
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
