/** A sipd that may open few files: connections of strangers leave it the descriptors that it needs itself. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, runBin, until } from '../support/appliance.ts'
import { exchange, openTcp, requestText, statusOf } from '../support/sip-client.ts'
import { ofSipdAlone } from '../support/sip-under-test.ts'

const shell = promisify(execFile)

test(
  'with 100 descriptors 150 connections from one address end no worker, and another address is served',
  ofSipdAlone,
  async (t) => {
    const at = await makeHome()
    appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), 'ProxyDomain example.test\n')
    const sip = join(programRoot, 'bin', 'sip')
    await shell('sh', ['-c', `ulimit -n 100; exec "${process.execPath}" "${sip}" start --home "${at.home.root}"`])
    t.after(async () => {
      await runBin('sip', ['stop', '--home', at.home.root])
      await rm(at.home.root, { recursive: true, force: true })
    })
    let closed = 0
    const strangers = Array.from({ length: 150 }, () => {
      const socket = connect({ host: '127.0.0.1', port: at.sipPort, localAddress: '127.0.0.5' })
      socket.on('error', () => {})
      socket.on('close', () => closed++)
      socket.resume()
      return socket
    })
    await until(() => closed > 100, 5000, 'the end of those that are too many')
    for (let i = 0; i < 3; i++) {
      const client = await openTcp({ host: '127.0.0.1', port: at.sipPort })
      assert.equal(statusOf(await exchange(client, requestText('OPTIONS', 'sip:example.test', client))), 200)
      client.close()
    }
    for (const socket of strangers) socket.destroy()
    const log = readFileSync(join(at.home.logs, 'sipd', 'error_log'), 'utf8')
    assert.doesNotMatch(log, /a worker ended|EMFILE|\bbug\b/)
    assert.match(log, /fewer connections than SipTcpMaxTCPConnections are taken.*connections=\d+ openFileLimit=100/)
  },
)
