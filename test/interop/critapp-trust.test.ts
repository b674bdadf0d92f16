import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { mayBeOfRow } from '../../subagents/critapp/host/trust.ts'
import { until } from '../support/appliance.ts'
import { nobody } from '../support/other-user.ts'
import { Bench, forever } from '../support/supervision.ts'

const skip = process.getuid?.() !== 0 && 'only root may act as other users'
/** www-data of Debian, as good as any account of a service; and users of the appliance's own daemons. */
const service = 33
const owners = { agent: 61, sipd: 62, subagents: 0 } as const

let bench: Bench
let children: ChildProcess[] = []
beforeEach(() => {
  bench = new Bench()
  chmodSync(bench.folder, 0o755)
  for (const [name, uid] of Object.entries(owners)) {
    mkdirSync(join(bench.folder, name))
    chownSync(join(bench.folder, name), uid, uid)
  }
})
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  children = []
  await bench.clear()
})

const pidFileOf = (name: string): string =>
  join(bench.folder, name in owners ? join(name, `${name}.pid`) : `${name}.pid`)

/** A program of that owner and mode in the folder, which sleeps. */
function sleeper({ name, owner = 0, mode = 0o755 }: { name: string; owner?: number; mode?: number }): string {
  const path = join(bench.folder, `as-${name}`, name)
  mkdirSync(join(path, '..'), { recursive: true })
  copyFileSync('/bin/sleep', path)
  chownSync(path, owner, owner)
  chmodSync(path, mode)
  return path
}

async function run(argv: readonly [string, ...string[]], uid: number): Promise<ChildProcess> {
  const [program, ...args] = argv
  const child = spawn(program, args, { stdio: 'ignore', uid, gid: uid, cwd: '/' })
  children.push(child)
  await until(() => (readProcess(child.pid!)?.command.length ?? 0) > 0, 6000, 'its command line')
  return child
}

describe('a supervisor that is root', { skip }, () => {
  const may = ({ pid }: ChildProcess, name: string): boolean => mayBeOfRow(readProcess(pid!)!, { name, pidFileOf })

  test('takes no process of a person for that of a row, whatever it is called, and neither adopts nor ends it', async () => {
    const path = bench.program(forever)
    const theirs = await run(['/bin/sh', path], nobody)
    const { shown, supervisor, reaches } = bench.supervise({ startCommand: path })
    await reaches('running')
    assert.notEqual(shown().pid, theirs.pid)
    assert.equal(shown().count, 1)
    supervisor.setAdminStatus(1, 'down')
    await reaches('stopped')
    assert.equal(theirs.exitCode ?? theirs.signalCode, null)
    assert.ok(!may(await run([sleeper({ name: 'program' }), '60'], 1000), 'program'))
  })

  test('takes a program that went over to a service account where its file is root’s and is called so', async () => {
    assert.ok(may(await run([sleeper({ name: 'good' }), '60'], service), 'good'))
    assert.ok(!may(await run([sleeper({ name: 'own', owner: service }), '60'], service), 'own'))
    assert.ok(!may(await run([sleeper({ name: 'open', mode: 0o777 }), '60'], service), 'open'))
    // An interpreter says in its arguments which script it runs.
    const script = bench.program(forever, 'script')
    assert.ok(may(await run(['/bin/sh', script], service), 'script'))
    chownSync(script, service, service)
    assert.ok(!may(await run(['/bin/sh', script], service), 'script'))
  })

  test('takes no other program for it that was given its name', async () => {
    const child = spawn('/bin/sleep', ['60'], { argv0: 'wanted', stdio: 'ignore', uid: service, gid: service })
    children.push(child)
    await until(() => readProcess(child.pid!)?.command[0] === 'wanted', 6000)
    assert.ok(!may(child, 'wanted'))
  })

  test('takes a daemon of the appliance only as the owner of its folder, and these owners for nothing else', async () => {
    const sipd = sleeper({ name: 'sipd' })
    assert.ok(may(await run([sipd, '60'], owners.sipd), 'sipd'))
    assert.ok(!may(await run([sipd, '60'], owners.agent), 'sipd'))
    assert.ok(!may(await run([sipd, '60'], service), 'sipd'))
    assert.ok(!may(await run([sleeper({ name: 'other' }), '60'], owners.sipd), 'other'))
  })

  test('takes no set-user-ID program, which anybody may have started under any name', async () => {
    const path = sleeper({ name: 'raised', mode: 0o4755 })
    assert.ok(!may(await run([path, '60'], nobody), 'raised'))
    assert.ok(!may(await run([path, '60'], 0), 'raised'))
    chmodSync(path, 0o755)
    assert.ok(may(await run([path, '60'], 0), 'raised'))
  })
})
