import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { sessionMembers } from '../../lib/proc/session.ts'
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

test('a start command that fails says why, in one sentence, and keeps the last line it printed', async () => {
  const failing = bench.program('echo "no licence" >&2; exit 4')
  const { notified, shown, reaches } = bench.supervise({ startCommand: failing })
  await reaches('failed')
  assert.equal(shown().lastError, `${failing} ended with exit code 4`)
  assert.equal(shown().lastSaid, 'no licence')
  assert.deepEqual(notified, [shown().lastError])
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

for (const [what, spec] of [
  ['terminate', { terminateCommand: 'hangs' }],
  ['graceful', { gracefulCommand: 'hangs' }],
] as const) {
  test(`a ${what} command that hangs is ended with all that it started, and its row goes on`, async () => {
    const pidFile = join(bench.folder, 'hanging')
    const hangs = bench.program(`echo $$ > ${pidFile}; sleep 1000 & wait`, 'hangs')
    const command = Object.fromEntries(Object.keys(spec).map((name) => [name, hangs]))
    const { supervisor, reaches } = bench.supervise(
      { startCommand: bench.program(forever), ...command },
      { gracefulWithinMs: 500 },
    )
    await reaches('running')
    if (what === 'terminate') supervisor.setAdminStatus(1, 'down')
    else supervisor.graceful(1)
    const leader = (): number => Number(readFileSync(pidFile, 'utf8'))
    await until(() => statSync(pidFile, { throwIfNoEntry: false })?.size !== undefined && leader() > 0, 6000)
    const identity = readProcess(leader())!
    await until(() => sessionMembers(identity).length === 0, 6000, 'its end')
    if (what === 'terminate') await reaches('stopped')
    else assert.equal(supervisor.find(1)?.state, 'running')
  })
}

test('a process whose output cannot be kept is started all the same', async () => {
  const outputFolder = join(bench.folder, 'no-folder')
  writeFileSync(outputFolder, '') // stands for a disk without room for another file
  const { reaches } = bench.supervise({ startCommand: bench.program(forever) }, { outputFolder })
  await reaches('running')
})

/** A daemon and the script that starts it, both of one name, as /etc/init.d has them. */
function daemonWithScript(name: string, { start, delay = 0 }: { start: 'nohup' | 'setsid'; delay?: number }) {
  const daemon = join(bench.folder, name)
  copyFileSync('/bin/sleep', daemon)
  chmodSync(daemon, 0o755)
  mkdirSync(join(bench.folder, 'init.d'), { recursive: true })
  const script = join(bench.folder, 'init.d', name)
  const body = `[ "$1" = stop ] && exit 0\nsleep ${delay}\n${start} ${daemon} 60 >/dev/null 2>&1 &\nsleep 1\nexit 0`
  writeFileSync(script, `#!/bin/sh\n${body}\n`)
  chmodSync(script, 0o755)
  return { daemon, script }
}

for (const start of ['nohup', 'setsid'] as const)
  test(`a control script that leaves its daemon by ${start} is not taken for it`, async () => {
    const { daemon, script } = daemonWithScript(bench.name, { start })
    const { supervisor, shown, notified, reaches } = bench.supervise({ startCommand: `${script} start` })
    await reaches('running')
    assert.equal(readProcess(shown().pid)?.command[0], daemon)
    assert.deepEqual(notified, [`${bench.name} was started as PID ${shown().pid}`])
    supervisor.setAdminStatus(1, 'down')
    await reaches('stopped')
  })
