import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isKnownGroup, knownAccount } from '../../lib/users/accounts.ts'
import { findAccount, findGroup } from '../../sipd/privileges/name-services.ts'

const path = process.env.PATH
const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
after(async () => {
  process.env.PATH = path
  await rm(folder, { recursive: true, force: true })
})

test('accounts are found by name and by #number; a number without a name is in the group of that number', async () => {
  assert.deepEqual(await findAccount('root'), { name: 'root', uid: 0, gid: 0 })
  assert.deepEqual(await findAccount('#0'), { name: 'root', uid: 0, gid: 0 })
  assert.deepEqual(await findAccount('#61002'), { name: undefined, uid: 61_002, gid: 61_002 })
  assert.equal(await findGroup('root'), 0)
  assert.equal(await findGroup('#61002'), 61_002)
  assert.deepEqual(knownAccount('root'), { name: 'root', uid: 0, gid: 0 })
  assert.equal(isKnownGroup('root'), true)
})

test('what no user can be is none: (uid_t) -1, options, empty text', async () => {
  for (const text of ['#4294967295', '#', '0', '', '-h', '#1x', 'a:b', 'no-user-of-this-name']) {
    assert.equal(await findAccount(text), undefined, text)
    assert.equal(await findGroup(text), undefined, text)
  }
})

test('what the files do not have, getent is asked for, and its answer must be about the name', async () => {
  const getent = join(folder, 'getent')
  const lines =
    'case "$1 $2" in "passwd ldapuser") echo ldapuser:x:7001:7002::/:/bin/false;; *) echo other:x:0:0::/:;; esac'
  writeFileSync(getent, `#!/bin/sh\n${lines}\n`)
  chmodSync(getent, 0o755)
  process.env.PATH = `${folder}:${path}`
  assert.deepEqual(await findAccount('ldapuser'), { name: 'ldapuser', uid: 7001, gid: 7002 })
  assert.equal(await findAccount('ldapother'), undefined)
})
