import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { isRunning, readProcess } from '../../lib/proc/process.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { healthCheck } from '../../subagents/critapp/health/health.ts'
import { until } from '../support/appliance.ts'
import { withoutDescriptors } from '../support/descriptors.ts'
import { Bench, forever, noHealth, noSip } from '../support/supervision.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

/** Lets time pass, and what came meanwhile be taken. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advance(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function passUntil(clock: ManualClock, holds: () => boolean, what: string): Promise<void> {
  await until(
    async () => {
      await pass(clock, 50)
      return holds()
    },
    10_000,
    what,
  )
}

test('without a descriptor left, a supervisor takes no process for dead, and stops and starts as it is told', async () => {
  const path = bench.program(forever)
  const adopted = spawn('/bin/sh', [path], { stdio: 'ignore', detached: true })
  await until(() => readProcess(adopted.pid!)?.command[1] === path, 5000)
  const clock = new ManualClock()
  const { shown, supervisor, notified } = bench.supervise({ startCommand: path, restartOnExit: true }, { clock })
  await passUntil(clock, () => shown().state === 'adopted', 'the adoption')
  await withoutDescriptors(async () => {
    await pass(clock, 30_000)
    assert.equal(shown().state, 'adopted')
    assert.equal(shown().pid, adopted.pid)
    assert.equal(shown().exits, 0)
    const ended = once(adopted, 'exit')
    supervisor.setAdminStatus(1, 'down')
    assert.deepEqual(await ended, [null, 'SIGTERM'])
    await passUntil(clock, () => shown().state === 'stopped', 'the stop')
    supervisor.setAdminStatus(1, 'up')
    await passUntil(clock, () => shown().state === 'running', 'the start')
  })
  assert.ok(isRunning(readProcess(shown().pid)!))
  assert.equal(notified.length, 3, notified.join('; '))
})

test('a start for which nothing is left is tried again until there is, whatever the row says of restarts', async () => {
  const clock = new ManualClock()
  const row = { startCommand: bench.program(forever), restartOnExit: false, maxRestarts: 1 }
  // Two descriptors are enough to look, and too few to start anything.
  const { shown } = await withoutDescriptors(async () => {
    const supervised = bench.supervise(row, { clock })
    for (const _ of [1, 2, 3]) {
      await passUntil(clock, () => supervised.shown().state === 'restartWait', 'the failure')
      assert.match(supervised.shown().lastError, /this process has too many open files$/)
      clock.advance(2000)
    }
    return supervised
  }, 2)
  await passUntil(clock, () => shown().state === 'running', 'the start')
  assert.equal(shown().lastError, '')
})

test('a health check that could not be made ends no process', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const check = healthCheck(noSip)
  const never = new AbortController().signal
  for (const spec of [
    { ...noHealth, kind: 'tcp', target: `127.0.0.1:${port}` },
    { ...noHealth, kind: 'command', target: '/bin/true' },
    { ...noHealth, kind: 'sip', target: 'sip:127.0.0.1' },
  ] as const) {
    const verdict = await withoutDescriptors(() => check(spec, never))
    assert.equal(typeof verdict, 'object', `${spec.kind}: ${JSON.stringify(verdict)}`)
  }
  server.close()
})
