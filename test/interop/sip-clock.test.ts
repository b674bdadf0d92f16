/** A machine that boots at 1970 and hears the time later, by Debian's faketime: the wall clock alone is changed. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { openSqlite } from '../../lib/sql/sqlite.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { bindingsOf, exchange, openUdp, register, requestText, statusOf } from '../support/sip-client.ts'
import { ofSipdAlone } from '../support/sip-under-test.ts'

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'

/** sipd itself, with a wall clock that `clockFile` sets. */
function startAt(at: TestHome, clockFile: string): ChildProcess {
  return spawn(process.execPath, [join(programRoot, 'dist', 'sipd', 'main.js'), '--home', at.home.root], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  })
}

const isPresent = async (at: TestHome): Promise<boolean> => {
  const client = await openUdp({ host: '127.0.0.1', port: at.sipPort })
  try {
    return (await bindingsOf(client, 'ann')).length === 1
  } finally {
    client.close()
  }
}

async function answers(at: TestHome): Promise<boolean> {
  const client = await openUdp({ host: '127.0.0.1', port: at.sipPort })
  try {
    return statusOf(await exchange(client, requestText('OPTIONS', 'sip:example.test', client), 500)) === 200
  } catch {
    return false
  } finally {
    client.close()
  }
}

describe('a clock that is set while sipd runs', { ...ofSipdAlone, ...needs(library) }, () => {
  test('drops no registration: not in memory, not on disk, not at the next start', async (t) => {
    const at = await makeHome()
    appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), 'ProxyDomain example.test\n')
    const clockFile = join(at.home.root, 'clock')
    writeFileSync(clockFile, '@1970-01-01 00:01:00\n')
    const child = startAt(at, clockFile)
    const exited = once(child, 'exit')
    t.after(async () => {
      child.kill('SIGKILL')
      await runBin('sip', ['stop', '--home', at.home.root])
      await rm(at.home.root, { recursive: true, force: true })
    })
    await until(() => answers(at), 15_000, 'its first answer')
    await register({ host: '127.0.0.1', port: at.sipPort }, { user: 'ann', contact: 'sip:ann@127.0.0.1:9' })
    const file = join(at.home.data, 'sipd', 'registry_db.sqlite')
    const onDisk = (): number => {
      if (!existsSync(file)) return 0
      const database = openSqlite(file, { migrations: [], isReadOnly: true })
      try {
        return (database.prepare('SELECT max(expires_at_ms) FROM binding').pluck().get() as number | null) ?? 0
      } finally {
        database.close()
      }
    }
    await until(() => onDisk() > 0, 5000, 'the registration on disk')
    assert.ok(onDisk() < 86_400_000, 'it ends in 1970 there')
    writeFileSync(clockFile, '+0\n')
    await until(() => onDisk() > Date.now(), 15_000, 'the registration on disk with the time of now')
    assert.equal(await isPresent(at), true)
    child.kill('SIGTERM')
    await exited
    assert.equal((await runBin('sip', ['start', '--home', at.home.root])).code, 0)
    assert.equal(await isPresent(at), true)
  })

  for (const [name, step, seconds] of [
    ['two hours ahead', '+7200', 3600],
    ['a day back', '-86400', 600],
  ] as const)
    test(`does not change how long who registered is reached: ${name}, in memory, for the next generation, and after a start`, async (t) => {
      const at = await makeHome()
      appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), 'ProxyDomain example.test\n')
      const clockFile = join(at.home.root, 'clock')
      writeFileSync(clockFile, '+0\n')
      const child = startAt(at, clockFile)
      t.after(async () => {
        child.kill('SIGKILL')
        await runBin('sip', ['stop', '--home', at.home.root])
        await rm(at.home.root, { recursive: true, force: true })
      })
      await until(() => answers(at), 15_000, 'its first answer')
      await register(
        { host: '127.0.0.1', port: at.sipPort },
        { user: 'ann', contact: 'sip:ann@127.0.0.1:9', expiresSeconds: seconds },
      )
      const left = async (): Promise<number> => {
        const { out } = await runBin('sip', ['registrations', '--json', '--home', at.home.root])
        const { contacts } = JSON.parse(out) as { contacts: { expiresInSeconds: number }[] }
        return contacts[0]!.expiresInSeconds
      }
      const isRight = async (when: string): Promise<void> => {
        assert.equal(await isPresent(at), true, when)
        const now = await left()
        assert.ok(now <= seconds && now > seconds - 120, `${now} s are left ${when}`)
      }
      writeFileSync(clockFile, `${step}\n`)
      const log = join(at.home.logs, 'sipd', 'error_log')
      await until(() => readFileSync(log, 'utf8').includes('the clock was set'), 15_000, 'the look at the clock')
      await isRight('after the step')
      assert.equal((await runBin('sip', ['graceful', '--home', at.home.root])).code, 0)
      await isRight('in the next generation')
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      // The kernel's clock was not set, and the file would seem to be of a later day.
      const writtenAt = Date.now() / 1000 + Number(step)
      utimesSync(join(at.home.data, 'sipd', 'registry_db.sqlite'), writtenAt, writtenAt)
      const next = startAt(at, clockFile)
      t.after(() => next.kill('SIGKILL'))
      await until(() => answers(at), 15_000, 'its answer after the start')
      await isRight('after a start')
    })
})
