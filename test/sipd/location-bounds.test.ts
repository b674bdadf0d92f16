import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openSqlite } from '../../lib/sql/sqlite.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { BindingsFile, bindingMigrations } from '../../sipd/location/bindings-file.ts'
import { octetsOf } from '../../sipd/location/limits.ts'
import { loadBindings } from '../../sipd/location/load.ts'
import { LocationWriter } from '../../sipd/location/writer.ts'
import { accountFor } from '../support/sip-account.ts'
import { bindingOf, contentOf, locationFor, recordingLog, registryPath } from './location-support.ts'

const anyAge = Number.POSITIVE_INFINITY
const loadChild = join(import.meta.dirname, 'location-load-child.js')

/** A file as the version before bounds wrote it: `users` with ten contacts each, and texts of any length. */
function writeOldFile(path: string, users: number, textOctets: number): void {
  const database = openSqlite(path, { migrations: bindingMigrations.slice(0, 1) })
  const insert = database.prepare('INSERT INTO binding VALUES (?, ?, ?, 1, 1000, ?, NULL, NULL, ?)')
  const fill = database.transaction(() => {
    for (let user = 0; user < users; user++)
      for (let i = 0; i < 10; i++)
        insert.run(
          `sip:${user}@h`,
          `sip:${i}@192.0.2.1`,
          `${user}-${'c'.repeat(textOctets)}`,
          Date.now() + 3_600_000,
          'phone',
        )
  })
  fill()
  database.close()
}

test('a file of an older version with 160 MB of fat rows is loaded within a heap of 120 MB', async (t) => {
  const path = registryPath(t)
  writeOldFile(path, 500, 32_000)
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=120', loadChild, path])
  assert.deepEqual(JSON.parse(stdout), { loaded: 5000, users: 500, longestCallId: 256, lines: [] })
})

test('loading stops at the bound on octets, and says how many are left and what to do', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  const record = [bindingOf({ userAgent: 'x'.repeat(200) })]
  const each = octetsOf('sip:100@h', record)
  file.write(Array.from({ length: 900 }, (_, i) => [`sip:${100 + i}@h`, record] as const))
  file.close()
  const { log, lines } = recordingLog()
  const account = accountFor(new ManualClock(), { registrationOctets: 300 * each + 10 })
  const store = locationFor(t, { account })
  assert.equal(loadBindings(path, store, { nowMs: Date.now(), maxAgeMs: anyAge, log }), 300)
  assert.deepEqual([store.users, account.bindings.octets], [300, 300 * each])
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /error .*not all .* were loaded: RegistrarMaxOctets is reached; .*register again/)
  assert.match(lines[0]!, /loaded=300 left=600/)
})

test('loading stops at the bound on users, and says so; a user that is there has all contacts', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  const contacts = [bindingOf({ contact: 'sip:1@h' }), bindingOf({ contact: 'sip:2@h' })]
  file.write(['sip:a@h', 'sip:b@h', 'sip:c@h'].map((user) => [user, contacts] as const))
  file.close()
  const { log, lines } = recordingLog()
  const store = locationFor(t)
  assert.equal(loadBindings(path, store, { nowMs: Date.now(), maxAgeMs: anyAge, log, mostUsers: 2 }), 4)
  assert.deepEqual([store.users, store.bindings], [2, 4])
  assert.match(lines.join(''), /RegistrarMaxUsers is reached.*left=2/)
})

test('rows with a contact or a path longer than any may be are passed over, and counted in the log', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([
    ['sip:a@h', [bindingOf({ contact: `sip:${'x'.repeat(5000)}@h` }), bindingOf()]],
    ['sip:b@h', [bindingOf({ path: [`<sip:${'x'.repeat(30_000)}>`] })]],
    [`sip:${'x'.repeat(1000)}@h`, [bindingOf()]],
  ])
  file.close()
  const { log, lines } = recordingLog()
  assert.deepEqual([...contentOf(path, log).keys()], ['sip:a@h'])
  assert.match(lines.join(''), /longer texts than are taken now were not loaded .*rows=3/)
})

test('who registered is known again after a restart: a source does not get a second share by it', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([['sip:a@h', [bindingOf({ source: '2001:db8:0:7::/64' })]]])
  file.close()
  const account = accountFor(new ManualClock())
  const store = locationFor(t, { account })
  loadBindings(path, store, { nowMs: Date.now(), maxAgeMs: anyAge, log: recordingLog().log })
  const share = account.registrations.shareOf('2001:db8:0:7::99')
  assert.deepEqual([share.records, share.octets], [1, account.bindings.octets])
  store.clear()
  assert.deepEqual([share.records, account.bindings.octets], [0, 0])
})

test('the file does not grow beyond its bound, and what has expired makes room in it', async (t) => {
  const path = registryPath(t)
  const fat = { userAgent: 'x'.repeat(250), contact: `sip:${'c'.repeat(900)}@h`, callId: 'i'.repeat(250) }
  const file = new BindingsFile(path, { mostOctets: 16 << 20 })
  const expired = bindingOf({ ...fat, expiresAtMs: Date.now() - 1 })
  const fill = (from: number): void =>
    file.write(Array.from({ length: 1000 }, (_, i) => [`sip:${from + i}@h`, [expired]] as const))
  assert.throws(() => {
    for (let from = 0; ; from += 1000) fill(from)
  }, /full/)
  file.close()
  const { log, lines } = recordingLog()
  const store = locationFor(t)
  const writer = new LocationWriter({
    path,
    clock: new ManualClock(Date.now()),
    log,
    everything: () => store.all(),
    mostFileOctets: 16 << 20,
  })
  store.onChange(writer.changed)
  writer.start()
  for (let i = 0; i < 1000; i++) store.replace(`sip:new${i}@h`, [bindingOf(fat)])
  await writer.stop()
  assert.deepEqual(lines, [])
  assert.equal(contentOf(path).size, 1000)
})
