/** What `utils disaster_recovery` says when it cannot do what was typed: each trigger, and the whole message. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { utils } from '../../commands/utils/utils.ts'
import { writePidFile } from '../../lib/files/pid-file.ts'
import { controlSocketOf } from '../../lib/home/control-socket.ts'
import { initializeHome, pidFileOf, resolveHome } from '../../lib/home/home.ts'
import { listenForControl } from '../../lib/process/control.ts'
import { messageIn, runInProcess } from '../support/run-in-process.ts'
import { StandIn } from '../support/stand-in.ts'

const folder = mkdtempSync(join(tmpdir(), 'messages-'))
const home = resolveHome(join(folder, 'home'))
let subagents: StandIn
let server: Server

type Tables = Readonly<Record<string, unknown>>
const row = (index: number, values: Readonly<Record<string, string>>): unknown => ({ index: [index], values })
const idle = [row(0, { drsCurrentJob: '0', drsJobNextIndex: '4', drsDeviceNextIndex: '0', drsScheduleNextIndex: '0' })]
const disk = [row(1, { drsDeviceName: 'disk' })]
const nightly = [row(2, { drsScheduleName: 'nightly', drsScheduleDevice: '1' })]
/** What the subagents answer of their tables. */
let tables: Tables = {}

before(async () => {
  await initializeHome(home, 0)
  subagents = await StandIn.start({ called: 'subagents', home: home.root })
})
after(async () => {
  server?.close()
  await subagents.end()
  rmSync(folder, { recursive: true, force: true })
})

async function says(trigger: string): Promise<readonly [code: number, message: string]> {
  const words = ['disaster_recovery', ...trigger.split(' '), '--home', home.root]
  const ended = await runInProcess(() => utils(words))
  return [ended.code, messageIn(ended)]
}

test('without the subagents nothing can be asked', async () => {
  assert.deepEqual(await says('device validate disk'), [
    3,
    'the subagents do not run; start them with: castellan start',
  ])
})

test('a word that is missing or unknown is named', async () => {
  await writePidFile(pidFileOf(home, 'subagents'), subagents.process)
  server = await listenForControl(controlSocketOf(home, 'subagents'), async ([, order, table = '']) => {
    if (order !== 'rows') throw new Error('drsJobType.4 "backup" was refused: inconsistentValue')
    return JSON.stringify(tables[table] ?? [])
  })
  tables = { drsGlobals: idle, drsDeviceTable: disk, drsScheduleTable: nightly }
  for (const [trigger, message] of [
    ['device add', 'utils: expected the name of a device'],
    ['device mend disk', 'utils: expected add, list, validate, pin or remove'],
    ['schedule add', 'utils: expected the name of a schedule'],
    ['schedule add weekly', 'utils: expected --start, such as 2026-12-01T02:00'],
    ['schedule mend nightly', 'utils: expected add, list, change, enable, disable, run or remove'],
    ['schedule change nightly', 'utils: expected an option to change, such as --start, --frequency or --device'],
    ['recovery_key disk', 'utils: expected --passphrase-file or CASTELLAN_RECOVERY_PASSPHRASE'],
  ] as const)
    assert.deepEqual(await says(trigger), [2, message])
})

test('what does not exist, has no room or is in use is named with what to do', async () => {
  for (const [trigger, message] of [
    ['device add tape', 'there is no room for more devices; remove one'],
    ['device pin disk', 'device disk has shown no host key; run: utils disaster_recovery device validate'],
    ['device remove disk', 'schedule nightly uses device disk; give it another first'],
    ['device validate far', 'there is no backup device far; use one of disk'],
    ['schedule run weekly', 'there is no schedule weekly; see: utils disaster_recovery schedule list'],
    ['schedule add weekly --start 2026-12-01T02:00', 'there is no room for more schedules; remove one'],
    ['backup disk', 'utils: drsJobType.4 "backup" was refused: inconsistentValue'],
    ['cancel_backup', 'utils: no job is running; to see those that ended, run: utils disaster_recovery history'],
  ] as const)
    assert.deepEqual(await says(trigger), [1, message])
  tables = { drsGlobals: idle }
  assert.deepEqual(await says('device validate far'), [
    1,
    'there is no backup device far; add one with: utils disaster_recovery device add',
  ])
})

test('while a job runs another is refused', async () => {
  tables = {
    drsGlobals: [row(0, { drsCurrentJob: '3', drsJobNextIndex: '4' })],
    drsDeviceTable: disk,
    drsScheduleTable: nightly,
  }
  const refused = 'utils: job 3 is running; wait for its end, or run: utils disaster_recovery cancel_backup'
  assert.deepEqual(await says('backup disk'), [4, refused])
  assert.deepEqual(await says('schedule run nightly'), [4, refused])
})

test('an answer that is not understood asks for a restart of the subagents', async () => {
  const odd = 'utils: unexpected answer of the subagents; restart them, so that they run the version of this command'
  tables = { drsDeviceTable: { not: 'rows' } }
  assert.deepEqual(await says('device list'), [1, odd])
  tables = {}
  assert.deepEqual(await says('cancel_backup'), [1, odd])
})
