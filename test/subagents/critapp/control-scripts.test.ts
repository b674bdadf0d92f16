import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../../lib/proc/process.ts'
import { isControlScript } from '../../../subagents/critapp/control-script.ts'
import { until } from '../../support/appliance.ts'
import { Bench, forever } from './bench.ts'

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

const manners = [
  { what: 'called with start', words: ' start', delay: 0 },
  { what: 'without a word', words: '', delay: 0 },
  { what: 'whose daemon comes later than the script counts as settled', words: '', delay: 0.8 },
] as const

/** With and without restart and adoption, by either way to leave a daemon behind. */
const variants = manners.flatMap((manner) =>
  (['nohup', 'setsid'] as const).flatMap((start) =>
    [true, false].flatMap((restartOnExit) =>
      [true, false].map((findOnStartup) => ({ ...manner, start, restartOnExit, findOnStartup })),
    ),
  ),
)

test('a control script is not taken for its daemon, however it starts that and whatever restart and adoption are', async () => {
  const told = new Map<string, string[]>()
  const happened = (_: unknown, { spec }: { spec: { name: string } }, sentence: string): void =>
    void told.set(spec.name, [...(told.get(spec.name) ?? []), sentence])
  const events = { changed: () => {}, happened }
  const supervisor = bench.supervisor({ events })
  const rows = variants.map(({ start, delay, ...variant }, at) => {
    const name = `${bench.name}${at}`
    const { daemon, script } = daemonWithScript(name, { start, delay })
    const { restartOnExit, findOnStartup, words } = variant
    const startCommand = `${script}${words}`
    supervisor.configure(bench.spec({ index: at + 1, name, startCommand, restartOnExit, findOnStartup }))
    const of = `${start}, a script ${variant.what}, restart ${restartOnExit}, adopt ${findOnStartup}`
    return { index: at + 1, name, daemon, of, ...variant }
  })
  type Row = (typeof rows)[number]
  const shown = ({ index }: Row) => supervisor.find(index)!
  const isDaemon = (row: Row): boolean =>
    shown(row).state === 'running' && readProcess(shown(row).pid)?.command[0] === row.daemon
  const all = async (holds: (row: Row) => boolean, what: string): Promise<void> => {
    await until(() => rows.every(holds), 10_000).catch(() => {})
    assert.deepEqual(
      rows.filter((row) => !holds(row)).map(({ of }) => of),
      [],
      what,
    )
  }
  supervisor.start()
  await all(isDaemon, 'the daemon is the process')
  for (const row of rows) {
    assert.equal(shown(row).exits, 0, row.of)
    assert.equal(told.get(row.name)?.length, 1, `${row.of}: one start and no end is told: ${told.get(row.name)}`)
    if (row.words !== '') assert.match(told.get(row.name)![0]!, new RegExp(`was started as PID ${shown(row).pid}$`))
  }
  for (const row of rows) process.kill(shown(row).pid, 'SIGKILL')
  await all(
    (row) => shown(row).exits === 1 && (row.restartOnExit ? isDaemon(row) : shown(row).state === 'stopped'),
    'it is started again where that is wanted',
  )
  const pids = rows.map((row) => shown(row).pid).filter((pid) => pid > 0)
  for (const { index } of rows) supervisor.setAdminStatus(index, 'down')
  await all((row) => shown(row).state === 'stopped', 'it is stopped')
  assert.deepEqual(
    pids.filter((pid) => readProcess(pid)),
    [],
  )
})

test('a process of the same name that somebody else starts meanwhile does not make a script in front a control script', async () => {
  const { daemon } = daemonWithScript(bench.name, { start: 'nohup' })
  const front = join(bench.folder, 'front', bench.name)
  mkdirSync(join(bench.folder, 'front'))
  writeFileSync(front, `#!/bin/sh\n${forever}\n`, { mode: 0o755 })
  const { shown, reaches } = bench.supervise({ startCommand: front })
  const other = spawn(daemon, ['60'], { stdio: 'ignore' })
  await reaches('running')
  assert.equal(readProcess(shown().pid)?.command.at(-1), front)
  other.kill('SIGKILL')
  await once(other, 'exit')
})

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
