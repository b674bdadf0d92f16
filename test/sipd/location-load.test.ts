import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { test } from 'node:test'
import { openSqlite } from '../../lib/sql/sqlite.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { BindingsFile, bindingMigrations } from '../../sipd/location/bindings-file.ts'
import { loadBindings } from '../../sipd/location/load.ts'
import { bindingOf, contentOf, locationFor, recordingLog, registryPath } from './location-support.ts'

const ann = 'sip:ann@example.com'
const anyAge = Number.POSITIVE_INFINITY

test('a restart finds every field of all that has not expired, several bindings of one address in their order', (t) => {
  const path = registryPath(t)
  const nowMs = Date.now()
  const kept = [
    bindingOf({ contact: 'sip:1@h', q: 900, path: ['<sip:edge;lr>', '<sip:\u00e4>'], flow: 'udp:192.0.2.7:5060>L' }),
    bindingOf({ contact: 'sip:2@h', q: 800, cseq: 4_294_967_295 }),
  ]
  const file = new BindingsFile(path)
  file.write([
    [ann, [...kept].reverse()],
    ['sip:bob@example.com', [bindingOf({ expiresAtMs: nowMs })]],
  ])
  file.close()
  const store = locationFor(t, { clock: new ManualClock(nowMs) })
  const { log, lines } = recordingLog()
  assert.equal(loadBindings(path, store, { nowMs, maxAgeMs: anyAge, log }), 2)
  assert.deepEqual([...store.all()], [[ann, kept]])
  assert.deepEqual([store.users, store.bindings, lines], [1, 2, []])
})

test('what is read does not take the place of a static registration', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([[ann, [bindingOf({ contact: 'sip:gateway@h' }), bindingOf({ contact: 'sip:phone@h' })]]])
  file.close()
  const store = locationFor(t, { statics: [[ann, [bindingOf({ contact: 'sip:gateway@h' })]]] })
  loadBindings(path, store, { nowMs: Date.now(), maxAgeMs: anyAge, log: recordingLog().log })
  assert.deepEqual(
    store.find(ann).map(({ contact, expiresAtMs }) => [contact, expiresAtMs === Number.POSITIVE_INFINITY]),
    [
      ['sip:phone@h', false],
      ['sip:gateway@h', true],
    ],
  )
  assert.deepEqual([store.users, store.bindings], [1, 2])
})

test('a file that is not there is made for its owner only, in a folder for its owner only', (t) => {
  const path = registryPath(t)
  assert.equal(contentOf(path).size, 0)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
  const file = new BindingsFile(path)
  file.write([[ann, [bindingOf()]]])
  assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600)
  file.close()
})

test('a file older than the limit is emptied, a younger one is read', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([[ann, [bindingOf()]]])
  file.close()
  const { log, lines } = recordingLog()
  const load = (): number => loadBindings(path, locationFor(t), { nowMs: Date.now(), maxAgeMs: 60_000, log })
  assert.equal(load(), 1)
  const anHourAgo = Date.now() / 1000 - 3600
  utimesSync(path, anHourAgo, anHourAgo)
  assert.equal(load(), 0)
  assert.match(lines.join(''), /too old and were dropped .*ageSeconds=3600/)
  assert.equal(contentOf(path).size, 0)
})

test('a file that is no database is moved aside as it is, and the daemon starts empty', (t) => {
  const path = registryPath(t)
  mkdirSync(dirname(path))
  writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(100))
  const { log, lines } = recordingLog()
  assert.equal(contentOf(path, log).size, 0)
  const [aside] = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.broken-`))
  assert.match(aside ?? 'nothing', /\.broken-\d{10}$/)
  assert.match(readFileSync(`${dirname(path)}/${aside}`, 'latin1'), /^not a database/)
  assert.match(lines.join(''), /error .*could not be read; phones are unknown until they register again .*movedTo=/)
  assert.equal(contentOf(path, log).size, 0)
  assert.equal(lines.length, 1, 'the new one is good')
})

test('a file with broken pages gives nothing instead of a part', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write(Array.from({ length: 5000 }, (_, i) => [`sip:${i}@h`, [bindingOf()]]))
  file.close()
  const octets = readFileSync(path)
  octets.fill(0xa5, octets.length / 2, octets.length / 2 + 200_000)
  writeFileSync(path, octets)
  const { log, lines } = recordingLog()
  assert.equal(contentOf(path, log).size, 0)
  assert.match(lines.join(''), /malformed/)
})

test('a file of a later version is moved aside, not written into', (t) => {
  const path = registryPath(t)
  openSqlite(path, { migrations: [...bindingMigrations, 'CREATE TABLE later (x)'] }).close()
  const { log, lines } = recordingLog()
  assert.equal(contentOf(path, log).size, 0)
  assert.match(lines.join(''), /it is of a later version/)
  assert.ok(readdirSync(dirname(path)).some((name) => name.includes('.broken-')))
})

test('a folder that cannot be written to costs the registrations of before, not the start', (t) => {
  const path = registryPath(t)
  writeFileSync(dirname(path), 'a file where the folder should be')
  const { log, lines } = recordingLog()
  assert.equal(contentOf(path, log).size, 0)
  assert.match(lines.join(''), /could not be read/)
})
