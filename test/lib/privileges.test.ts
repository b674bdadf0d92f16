import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Credentials, parseCredentials } from '../../lib/proc/credentials.ts'
import { runProgram } from '../../lib/program/run.ts'
import { actAs, whatIsLeft } from '../../lib/users/privileges.ts'
import { noLayout, sipdUser, stranger } from '../support/laid-out.ts'
import { readableProgram } from '../support/other-user.ts'

const account = { name: undefined, uid: sipdUser, gid: sipdUser }
const clean: Credentials = {
  uids: [sipdUser, sipdUser, sipdUser, sipdUser],
  gids: [sipdUser, sipdUser, sipdUser, sipdUser],
  groups: [sipdUser],
  permittedCapabilities: 0n,
  effectiveCapabilities: 0n,
}

test('each thing of root that a process still has is named, the saved uid too', () => {
  assert.equal(whatIsLeft(account, clean), undefined)
  const u = sipdUser
  assert.match(whatIsLeft(account, { ...clean, uids: [u, u, 0, u] }) ?? '', /still has the uids/)
  assert.match(whatIsLeft(account, { ...clean, gids: [u, u, u, 0] }) ?? '', /still has the gids/)
  assert.match(whatIsLeft(account, { ...clean, groups: [u, 0] }) ?? '', /group of root/)
  assert.match(whatIsLeft(account, { ...clean, permittedCapabilities: 1n << 10n }) ?? '', /capabilities/)
  assert.match(whatIsLeft(account, undefined) ?? '', /\/proc/)
})

test('credentials are read as proc(5) has them', () => {
  const status = [
    'Name:\tnode',
    'Uid:\t1\t2\t3\t4',
    'Gid:\t5\t6\t7\t8',
    'Groups:\t9 10 ',
    'CapPrm:\t000001ffffffffff',
    'CapEff:\t0000000000000400',
  ].join('\n')
  assert.deepEqual(parseCredentials(status), {
    uids: [1, 2, 3, 4],
    gids: [5, 6, 7, 8],
    groups: [9, 10],
    permittedCapabilities: 0x1ff_ffff_ffffn,
    effectiveCapabilities: 0x400n,
  })
  assert.throws(() => parseCredentials('Name:\tnode'), /no line Uid/)
})

describe('root', { skip: noLayout }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'privileges-'))
  after(() => rm(folder, { recursive: true, force: true }))

  test('acts as another user for a moment: files are made as that user, and nothing else may be touched', () => {
    const own = join(folder, 'own')
    mkdirSync(own)
    statSync(own)
    const before = [process.geteuid?.(), process.getegid?.(), process.getgroups?.()]
    assert.throws(() => actAs(account, () => writeFileSync(join(own, 'file'), '')), { code: 'EACCES' })
    assert.deepEqual([process.geteuid?.(), process.getegid?.(), process.getgroups?.()], before)
    assert.equal(
      actAs({ ...account, uid: 0, gid: 0 }, () => statSync(own).uid),
      0,
    )
  })

  test('becomes another user in every thread, without a way back', async () => {
    const library = pathToFileURL(join(readableProgram(), 'dist', 'lib', 'users', 'privileges.js')).href
    const script = `
      import { becomeForGood } from ${JSON.stringify(library)}
      import { readdirSync, readFileSync } from 'node:fs'
      import { stat } from 'node:fs/promises'
      await Promise.all(Array.from({ length: 8 }, () => stat('/'))) // the threads of the pool are there
      becomeForGood({ uid: ${stranger}, gid: ${stranger} })
      const lines = readdirSync('/proc/self/task').map((thread) =>
        readFileSync('/proc/self/task/' + thread + '/status', 'utf8').match(/^(Uid|Gid|Groups|CapPrm|CapEff):.*$/gm).join(';'))
      console.log(JSON.stringify({ threads: lines.length, kinds: [...new Set(lines)] }))
      try { process.setuid(0); console.log('root again') } catch (error) { console.log(error.code) }`
    const argv = [process.execPath, '--input-type=module', '-e', script] as const
    const { exit, output, printed } = await runProgram({ argv, limitMs: 30_000 })
    assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
    const [json = '', last] = output.trim().split('\n')
    const { threads, kinds } = JSON.parse(json) as { threads: number; kinds: string[] }
    assert.ok(threads > 5, json)
    assert.equal(kinds.length, 1, 'all threads are alike')
    const four = Array.from({ length: 4 }, () => String(stranger)).join('\t')
    const none = '0'.repeat(16)
    assert.deepEqual(
      kinds[0]?.split(';').map((line) => line.trim()),
      [`Uid:\t${four}`, `Gid:\t${four}`, `Groups:\t${stranger}`, `CapPrm:\t${none}`, `CapEff:\t${none}`],
    )
    assert.equal(last, 'EPERM')
  })
})
