import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { healthCheck } from '../../subagents/critapp/health/health.ts'
import { until } from '../support/appliance.ts'
import { Bench, forever, noHealth, noSip } from '../support/supervision.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

const never = new AbortController().signal

test('a command is healthy with exit code 0, and says why when it is not; nobody waits for who holds its output', async () => {
  const verdict = (target: string) =>
    healthCheck(noSip)({ ...noHealth, kind: 'command', target, timeoutMs: 300 }, never)
  assert.equal(await verdict('/bin/true'), undefined)
  assert.deepEqual(await verdict(bench.program('echo tired; exit 3')), {
    reason: 'the command ended with exit code 3',
    said: 'tired',
  })
  assert.match(JSON.stringify(await verdict('/no/such/check')), /there is no such program/)
  assert.match(
    JSON.stringify(await verdict(bench.program('sleep 1000 & sleep 1000', 'slow'))),
    /took longer than 0\.3 s/,
  )
})

test('what a process prints is bounded from its first moment on, and also on its way down', async () => {
  // Never up: it does not go by its row's name, and ends before that is given up.
  const chatty = bench.program('yes "a line of a hundred characters or so, and no news in it whatsoever"', 'chatty')
  const { shown, reaches } = bench.supervise({ startCommand: chatty })
  const path = join(bench.folder, `${bench.name}.out`)
  const kept = (): number => statSync(`${path}.1`, { throwIfNoEntry: false })?.size ?? 0
  await until(() => kept() > 0, 5000, 'the first cut')
  assert.equal(shown().state, 'starting')
  assert.ok(kept() <= 1024 * 1024)
  bench.supervisors[0]!.setAdminStatus(1, 'down')
  await reaches('stopped', 15_000)
})

test('a process whose output cannot be kept is started all the same', async () => {
  const outputFolder = join(bench.folder, 'no-folder')
  writeFileSync(outputFolder, '') // stands for a disk without room for another file
  const { reaches } = bench.supervise({ startCommand: bench.program(forever) }, { outputFolder })
  await reaches('running')
})

/** A daemon and the script that starts it, both of one name, as /etc/init.d has them. */
function daemonWithScript(name: string) {
  const daemon = join(bench.folder, name)
  copyFileSync('/bin/sleep', daemon)
  chmodSync(daemon, 0o755)
  mkdirSync(join(bench.folder, 'init.d'), { recursive: true })
  const script = join(bench.folder, 'init.d', name)
  const body = `[ "$1" = stop ] && exit 0\nnohup ${daemon} 60 >/dev/null 2>&1 &\nsleep 1\nexit 0`
  writeFileSync(script, `#!/bin/sh\n${body}\n`)
  chmodSync(script, 0o755)
  return { daemon, script }
}

test('a control script that leaves its daemon in its own session is not taken for it', async () => {
  const { daemon, script } = daemonWithScript(bench.name)
  const { supervisor, shown, notified, reaches } = bench.supervise({ startCommand: `${script} start` })
  await reaches('running')
  assert.equal(readProcess(shown().pid)?.command[0], daemon)
  assert.deepEqual(notified, [`${bench.name} was started as PID ${shown().pid}`])
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
})
