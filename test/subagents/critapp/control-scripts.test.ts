import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../../lib/proc/process.ts'
import { isControlScript } from '../../../subagents/critapp/control-script.ts'
import { until } from '../../support/appliance.ts'
import { Bench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

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

/** With and without restart and adoption, by either way to leave a daemon behind. */
const variants = (['nohup', 'setsid'] as const).flatMap((start) =>
  [true, false].flatMap((restartOnExit) =>
    [true, false].map((findOnStartup) => ({ start, restartOnExit, findOnStartup })),
  ),
)

for (const [what, words, delay] of [
  ['called with start', ' start', 0],
  ['without a word', '', 0],
  ['whose daemon comes later than it counts as settled', '', 0.8],
] as const) {
  test(`a control script ${what} is not taken for its daemon, whatever restart and adoption are`, async () => {
    const told = new Map<string, string[]>()
    const tell = ({ spec }: { spec: { name: string } }, sentence: string): void =>
      void told.set(spec.name, [...(told.get(spec.name) ?? []), sentence])
    const supervisor = bench.supervisor({
      events: { changed: () => {}, started: tell, exited: tell, failed: tell },
    })
    const rows = variants.map(({ start, ...spec }, at) => {
      const name = `${bench.name}${at}`
      const { daemon, script } = daemonWithScript(name, { start, delay })
      supervisor.configure(bench.spec({ index: at + 1, name, startCommand: `${script}${words}`, ...spec }))
      return { index: at + 1, name, daemon, ...spec }
    })
    const shown = (index: number) => supervisor.find(index)!
    const isDaemon = ({ index, daemon }: (typeof rows)[number]): boolean =>
      shown(index).state === 'running' && readProcess(shown(index).pid)?.command[0] === daemon
    supervisor.start()
    await until(() => rows.every(isDaemon), 8000, 'every daemon')
    for (const { index, name } of rows) {
      assert.equal(shown(index).exits, 0)
      assert.equal(told.get(name)?.length, 1, `one start and no end is told: ${told.get(name)}`)
      if (words !== '') assert.match(told.get(name)![0]!, new RegExp(`was started as PID ${shown(index).pid}$`))
    }
    for (const { index } of rows) process.kill(shown(index).pid, 'SIGKILL')
    const isAsWanted = (row: (typeof rows)[number]): boolean =>
      shown(row.index).exits === 1 && (row.restartOnExit ? isDaemon(row) : shown(row.index).state === 'stopped')
    await until(() => rows.every(isAsWanted), 8000, 'the restart where it is wanted')
    const pids = rows.map(({ index }) => shown(index).pid).filter((pid) => pid > 0)
    for (const { index } of rows) supervisor.setAdminStatus(index, 'down')
    await until(() => rows.every(({ index }) => shown(index).state === 'stopped'), 4000, 'the stop of all')
    assert.deepEqual(
      pids.filter((pid) => readProcess(pid)),
      [],
    )
  })
}

test('a program in front that ends with 0 and leaves nothing behind has ended', async () => {
  const { shown, told, reaches } = bench.supervise({ startCommand: bench.program('sleep 0.8; exit 0') })
  await reaches('running')
  await reaches('stopped')
  assert.equal(shown().lastExitCode, 0)
  assert.equal(told.at(-1), `${bench.name} ended with exit code 0`)
})

test('what a script is called with tells a control script from a daemon, and a young start from an old one', () => {
  const is = (ageMs: number, ...command: string[]): boolean => isControlScript({ command }, () => ageMs)
  assert.ok(is(60_000, '/bin/sh', '/etc/init.d/bar', 'stop'))
  assert.ok(is(60_000, 'bash', '/etc/init.d/bar', 'status'))
  assert.ok(is(1000, '/bin/sh', '-e', '/etc/init.d/bar', 'start'))
  assert.ok(!is(60_000, '/bin/sh', '/opt/bar/bar', 'start'), 'it stays in front')
  assert.ok(!is(1000, '/bin/sh', '/opt/bar/bar'))
  assert.ok(!is(1000, 'node', '/opt/consumer.js', 'status'), 'the name of a queue')
  assert.ok(!is(1000, '/usr/sbin/bar', 'start'))
})
