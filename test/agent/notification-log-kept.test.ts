/** The notification log over starts of the agent: what was logged stays, and no index is used twice. */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { notificationLog } from '../../agent/internal/notification-log.ts'
import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { createLog } from '../../lib/log/log.ts'
import { View } from '../../lib/mib/view.ts'
import { ManualClock } from '../../lib/time/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-notifications-'))
after(() => rmSync(folder, { recursive: true }))

const minuteMs = 60_000
let files = 0
const newPath = (): string => join(folder, `${++files}.jsonl`)

function start(path: string, clock: ManualClock, account = new OctetAccount(32 * 1024 * 1024)) {
  const written: string[] = []
  const log = createLog({ component: 'agent', write: (line) => written.push(line) })
  const notifications = notificationLog({
    filterNamed: () => new View([{ subtree: [1], mask: new Uint8Array(0), included: true }]),
    engineId: new Uint8Array(5),
    account,
  })
  const [entries, variables] = notifications.module.tables.slice(-2)
  return {
    notifications,
    logged: () => written.join(''),
    opened: notifications.keepIn(path, { log, clock }),
    add(text: string): void {
      const value = { type: 'OctetString', value: Buffer.from(text) } as const
      notifications.add({ trapOid: [1, 3, 6, 1], upTimeTicks: 77, varbinds: [{ name: [1, 3, 6, 9], value }] }, clock)
    },
    rows: () => [...entries!.table.rows()].map(({ nlmLogIndex, nlmLogTime }) => [nlmLogIndex, nlmLogTime]),
    texts: () =>
      [...variables!.table.rows()].map((row) => String(Buffer.from(row.nlmLogVariableOctetStringVal as Uint8Array))),
  }
}

test('what was logged is there after a start, before which it was logged at zero, and indexes go on', async () => {
  const path = newPath()
  const clock = new ManualClock(0)
  const first = start(path, clock)
  await first.opened
  first.add('a')
  first.add('b')
  await first.notifications.stop()
  const second = start(path, clock)
  await second.opened
  second.add('c')
  assert.deepEqual(second.texts(), ['a', 'b', 'c'])
  const [a, b, c] = second.rows()
  assert.deepEqual(
    [a, b],
    [
      [1, 0],
      [2, 0],
    ],
    'RFC 3014: nlmLogTime is zero of what was logged before the last start',
  )
  assert.ok(Number(c?.[0]) > 2 && c?.[1] === 77)
  await second.notifications.stop()
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('an index that may have been read is not used again, although its entry never reached the disk', async () => {
  const path = newPath()
  const clock = new ManualClock(0)
  const first = start(path, clock)
  await first.opened
  first.add('a')
  await first.notifications.stop()
  const onDisk = readFileSync(path)
  for (let i = 0; i < 500; i++) first.add('lost with the process')
  const used = Number(first.rows().at(-1)?.[0])
  await first.notifications.stop()
  writeFileSync(path, onDisk)
  const second = start(path, clock)
  await second.opened
  second.add('b')
  assert.ok(Number(second.rows().at(-1)?.[0]) > used)
  await second.notifications.stop()
})

test('a line that was cut short, and one that is none of ours, cost themselves alone', async () => {
  const path = newPath()
  const clock = new ManualClock(0)
  const first = start(path, clock)
  await first.opened
  first.add('a')
  await first.notifications.stop()
  appendFileSync(path, '[]\n{"index":3,"loggedAtMs":1,"source":"agent","message":"AAAA"}\n{"index":4,"logg')
  const second = start(path, clock)
  await second.opened
  second.add('b')
  await second.notifications.stop()
  const third = start(path, clock)
  await third.opened
  assert.deepEqual(third.texts(), ['a', 'b'])
})

test('what aged out while no agent ran does not come back', async () => {
  const path = newPath()
  const first = start(path, new ManualClock(0))
  await first.opened
  first.add('old')
  await first.notifications.stop()
  const second = start(path, new ManualClock(1441 * minuteMs))
  await second.opened
  assert.deepEqual(second.texts(), [])
})

test('the file does not grow with what gave way', async () => {
  const path = newPath()
  const clock = new ManualClock(0)
  const mostOctets = 1_000_000
  const { notifications, opened, add } = start(path, clock, new OctetAccount(mostOctets))
  await opened
  for (let i = 0; i < 10_000; i++) {
    add('x'.repeat(1000))
    if (i % 100 === 0) await notifications.stop()
  }
  await notifications.stop()
  const wholeOctets = mostOctets * (4 / 3)
  assert.ok(statSync(path).size < 2 * wholeOctets + 1.5 * 1024 * 1024, `${statSync(path).size} octets`)
})

test('a disk that takes nothing delays no notification, and has them all as soon as it takes something', async () => {
  const closed = join(folder, 'closed')
  mkdirSync(closed)
  const path = join(closed, 'log.jsonl')
  const clock = new ManualClock(0)
  const first = start(path, clock)
  await first.opened
  rmSync(closed, { recursive: true })
  first.add('a')
  await first.notifications.stop()
  assert.match(first.logged(), /notification log cannot be kept/)
  assert.deepEqual(first.texts(), ['a'])
  mkdirSync(closed)
  chmodSync(closed, 0o700)
  first.add('b')
  await first.notifications.stop()
  const second = start(path, clock)
  await second.opened
  assert.deepEqual(second.texts(), ['a', 'b'])
})
