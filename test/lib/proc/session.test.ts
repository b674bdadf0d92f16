import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { newestPid, sessionLeader, sessionMembers, signalSession } from '../../../lib/proc/session.ts'

test('a session has its members, and none for a leader of the same number that was born at another time', async () => {
  const child = spawn('/bin/sleep', ['60'], { detached: true })
  const leader = sessionLeader(child.pid!)
  assert.deepEqual(
    sessionMembers(leader).map(({ pid, groupId }) => [pid, groupId]),
    [[child.pid, child.pid]],
  )
  const former = { ...leader, startTicks: leader.startTicks - 1 }
  assert.deepEqual(sessionMembers(former), [])
  assert.equal(signalSession(former, 'SIGKILL'), 0)
  assert.equal(child.exitCode ?? child.signalCode, null, 'it was not meant')
  assert.equal(signalSession(leader, 'SIGKILL'), 1)
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
  assert.deepEqual(sessionMembers(leader), [])
})

test('the newest number grows with every process, until numbers begin again', async () => {
  const before = newestPid()
  const child = spawn('/bin/true')
  const after = newestPid()
  assert.ok(after > before || after < 1000, `${before}, then ${after}`)
  await once(child, 'exit')
})
