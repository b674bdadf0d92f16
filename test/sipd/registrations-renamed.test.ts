import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { BindingsFile } from '../../sipd/location/bindings-file.ts'
import { encodeChanges } from '../../sipd/location/changes.ts'
import { Registrations } from '../../sipd/location/registrations.ts'
import { accountFor } from '../support/sip-account.ts'
import { bindingOf, contentOf, recordingLog, registryPath } from './location-support.ts'

const [before, now, other] = ['sip:ann@sip.example.com', 'sip:ann@example.com', 'sip:bob@example.com']

/** Registrations under a sipd.conf that lets `sip.example.com` lead to `example.com`. */
function renaming(t: TestContext, path: string) {
  const clock = new ManualClock(Date.now())
  const { log, lines } = recordingLog()
  const registrations = new Registrations({
    path,
    maxAgeMs: Number.POSITIVE_INFINITY,
    statics: [],
    cleanupEveryMs: 180_000,
    limits: { maxExpiresSeconds: 86_400, users: 1000 },
    account: accountFor(clock),
    clock,
    log,
    tell: () => {},
    hasOthers: () => false,
    rename: (name) => name.replace('@sip.', '@'),
  })
  t.after(() => registrations.stop())
  return { registrations, lines }
}

function write(path: string): void {
  const file = new BindingsFile(path)
  file.write([
    [before, [bindingOf()]],
    [other, [bindingOf({ contact: 'sip:bob@192.0.2.2' })]],
  ])
  file.close()
}

test('registrations on disk under a name of this server are those of its domain after a start, and in the file', async (t) => {
  const path = registryPath(t)
  write(path)
  const { registrations, lines } = renaming(t, path)
  assert.equal(await registrations.load(), 2)
  assert.deepEqual([registrations.store.find(before).length, registrations.store.find(now).length], [0, 1])
  await registrations.flush()
  assert.deepEqual([...contentOf(path).keys()].toSorted(), [now, other])
  assert.match(lines.join(''), /registrations have other names since sipd\.conf changed.*users=1/)
})

test('what a worker with the sipd.conf of before tells, gives and hands over has the new names', async (t) => {
  const path = registryPath(t)
  write(path)
  const { registrations } = renaming(t, path)
  const given = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(encodeChanges([[before, [bindingOf({ expiresAtMs: 3_600_000 })]]]), 'utf8')
  }
  await registrations.load([given()])
  assert.equal(registrations.store.find(now).length, 1)
  const told = bindingOf({ contact: 'sip:eve@192.0.2.3', expiresAtMs: 3_600_000 })
  registrations.heard(Buffer.from(encodeChanges([['sip:eve@sip.example.com', [told]]]), 'utf8'))
  assert.equal(registrations.store.find('sip:eve@example.com').length, 1)
  registrations.takeOver(['sip:eve@sip.example.com'], false)
  await registrations.flush()
  assert.deepEqual([...contentOf(path).keys()].toSorted(), [now, other, 'sip:eve@example.com'])
})
