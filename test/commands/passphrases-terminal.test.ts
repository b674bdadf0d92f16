/** Passphrases typed on a real terminal. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { needs } from '../support/peers.ts'

const { skip } = needs('script')
let home: Home

before(async () => {
  home = resolveHome(mkdtempSync(join(tmpdir(), 'terminal-')))
  await initializeHome(home, 0)
})
after(() => rmSync(home.root, { recursive: true, force: true }))

/** `castellan user add` on a terminal of its own, which is sent the keys when it asks its first question. */
async function addUser(name: string, keys: string): Promise<{ shown: string; code: number | null }> {
  const castellan = `${join(programRoot, 'bin', 'castellan')} user add ${name} --home ${home.root}`
  const { CASTELLAN_AUTH_PASSPHRASE: _auth, CASTELLAN_PRIV_PASSPHRASE: _priv, ...env } = process.env
  const child = spawn('script', ['-qec', castellan, '/dev/null'], { env })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!shown.includes('passphrase: ') && (shown + text).includes('passphrase: ')) child.stdin.write(keys)
    shown += text
  })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { shown, code }
}

test('what is typed is not shown, nor what is typed ahead', { skip }, async () => {
  const { shown, code } = await addUser('ann', 'a secret phrase\ra secret phrase\ranother secret\ranother secret\r')
  assert.equal(code, 0, shown)
  assert.doesNotMatch(shown, /secret/)
  assert.match(shown, /authentication passphrase again: \r\n/)
  assert.match(readFileSync(join(home.conf, 'agent', 'snmpd.cnf'), 'utf8'), /^usmUserEntry localSnmpID ann /m)
})

test('Ctrl-C at a question changes nothing', { skip }, async () => {
  const { shown, code } = await addUser('bob', '\u0003')
  assert.equal(code, 1)
  assert.match(shown, /interrupted; nothing was changed/)
  assert.doesNotMatch(readFileSync(join(home.conf, 'agent', 'snmpd.cnf'), 'utf8'), / bob /)
})
