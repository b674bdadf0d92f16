/** PidFile of sipd.conf is for programs of others: whatever it names, the commands of sip know sipd. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runBin } from '../support/appliance.ts'
import { ofSipdAlone, type SipServer, withSipServer } from '../support/sip-under-test.ts'

/** Below the home. */
const pidFiles = [
  'run/sipd/sipd.pid',
  'logs/sipd/sipd.pid',
  'missing/deeper/sipd.pid',
  'run/sipd',
  'conf/sipd/sipd.conf',
]

const sip = (server: SipServer, ...args: string[]) => runBin('sip', [...args, '--home', server.home!])

describe('sip, whatever PidFile says', ofSipdAlone, () => {
  for (const pidFile of pidFiles)
    test(`starts, shows, reloads and stops sipd with PidFile ${pidFile}`, () =>
      withSipServer({ more: [`PidFile ${pidFile}`] }, async (server) => {
        const path = join(server.home!, pidFile)
        const pid = server.pid()
        assert.match((await sip(server, 'status')).out, new RegExp(`^sipd runs as PID ${pid}\n`))
        await server.graceful()
        assert.match((await sip(server, 'status')).out, /generation 2/)
        const isPidFile = statSync(path).isFile() && !pidFile.endsWith('.conf')
        if (isPidFile) assert.equal(Number(readFileSync(path, 'utf8').split('\n')[0]), pid)
        else assert.match(server.log(), /cannot write PidFile; sipd serves without it/)
        assert.equal((await sip(server, 'restart')).code, 0)
        assert.notEqual(server.pid(), pid)
        assert.equal((await sip(server, 'stop')).code, 0)
        assert.match((await sip(server, 'status')).out, /^sipd does not run\n/)
        assert.equal(existsSync(path), !isPidFile, 'a PID file goes with its process, and nothing else does')
      }))

  test('another program that has its PID in that file keeps it', () =>
    withSipServer({ more: ['PidFile run/sipd/other.pid'] }, async (server) => {
      const path = join(server.home!, 'run', 'sipd', 'other.pid')
      writeFileSync(path, '1\n')
      assert.equal((await sip(server, 'stop')).code, 0)
      assert.equal(readFileSync(path, 'utf8'), '1\n')
    }))
})
