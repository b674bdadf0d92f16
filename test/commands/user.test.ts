/** castellan user, where no agent runs: what it writes to snmpd.cnf, and what it leaves alone. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { passphrases } from '../../commands/credentials/passphrases.ts'
import { addUser } from '../../commands/user/add.ts'
import { formatUsers, listUsers } from '../../commands/user/list.ts'
import { removeUser } from '../../commands/user/remove.ts'
import { rotateUser } from '../../commands/user/rotate.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'

let home: Home
let passphraseFile: string
const engine = '80007ed90401020304'

before(async () => {
  home = resolveHome(mkdtempSync(join(tmpdir(), 'user-')))
  await initializeHome(home, 0)
  passphraseFile = join(home.root, 'phrases')
  writeFileSync(passphraseFile, 'authentication phrase\nprivacy phrase\n')
})
after(() => rmSync(home.root, { recursive: true, force: true }))

const add = (name: string, options: Parameters<typeof addUser>[2] = {}) =>
  addUser(home, name, { ...options, passphraseFile })
const lines = (name: string): string[] =>
  readFileSync(join(home.conf, 'agent', 'snmpd.cnf'), 'utf8')
    .split('\n')
    .filter((line) => new RegExp(`^(usmUserEntry|vacmSecurityToGroupEntry) \\S+ ${name} `).test(line))
const group = (name: string): string[] =>
  lines(name)
    .filter((line) => line.startsWith('vacm'))
    .map((line) => line.split(' ')[3]!)

test('keys for informs to another engine leave the group of a user alone, and say so', async () => {
  await add('boss', { group: 'admin' })
  assert.match(
    await add('boss', { engine }),
    /keys for informs to engine 80:00:7e:d9:04:01:02:03:04; its group stays adminPriv\n/,
  )
  assert.deepEqual(group('boss'), ['adminPriv'])
  assert.equal(lines('boss').length, 3)
})

test('a user that has no group yet gets one with its keys for informs, or no notification would reach them', async () => {
  await add('nms', { engine })
  assert.deepEqual(group('nms'), ['readPriv'])
})

test('add of a user that exists keeps its group and protocols where they are not given', async () => {
  await add('ann', { auth: 'SHA-512', priv: 'AES-256', group: 'operate' })
  assert.match(await add('ann'), /^changed user ann; its group stays operatePriv\n/)
  assert.match(lines('ann').join('\n'), /^usmUserEntry localSnmpID ann SHA-512 AES-256 nonVolatile /m)
  assert.match(await add('ann', { group: 'read' }), /^changed user ann; its group is readPriv, and was operatePriv\n/)
  assert.match(await add('ann', { priv: 'none' }), /; its group is readAuth, and was readPriv\n/)
})

test('add keeps a group of one’s own making, the storage type and usmUserPublic', async () => {
  await add('eve')
  const path = join(home.conf, 'agent', 'snmpd.cnf')
  const edited = readFileSync(path, 'utf8')
    .replace(
      'vacmSecurityToGroupEntry usm eve readPriv nonVolatile',
      'vacmSecurityToGroupEntry usm eve auditors permanent',
    )
    .replace(/^(usmUserEntry localSnmpID eve SHA-256 AES) nonVolatile (.*)$/m, '$1 permanent $2 c0:ff')
  writeFileSync(path, edited)
  await add('eve')
  await rotateUser(home, 'eve', { passphraseFile })
  assert.deepEqual(group('eve'), ['auditors'])
  assert.match(lines('eve').join('\n'), /^usmUserEntry localSnmpID eve SHA-256 AES permanent .* c0:ff$/m)
  assert.match(lines('eve').join('\n'), /auditors permanent$/m)
})

test('admin needs privacy, given now or kept', async () => {
  await assert.rejects(add('root', { group: 'admin', priv: 'none' }), /group admin needs a user with privacy/)
  await add('chief', { group: 'admin' })
  await assert.rejects(add('chief', { priv: 'none' }), /group admin needs a user with privacy/)
})

test('a user whose name is digits and u keeps its u', async () => {
  await add('42u')
  assert.match(formatUsers(await listUsers(home)), /^42u +SHA-256 +AES +readPriv$/m)
  assert.match(await removeUser(home, '42u'), /^removed user 42u\n/)
  assert.doesNotMatch(formatUsers(await listUsers(home)), /^42/m)
})

test('rotate says which keys for informs stay as they were, and how to change them', async () => {
  await add('teller')
  await add('teller', { engine })
  const [, informs] = lines('teller').filter((line) => line.startsWith('usm'))
  const id = '80:00:7e:d9:04:01:02:03:04'
  assert.ok(
    (await rotateUser(home, 'teller', { passphraseFile })).includes(
      `keys for informs to engine ${id} stay; to change them: castellan user add teller --engine ${id}\n`,
    ),
  )
  assert.equal(lines('teller').filter((line) => line.startsWith('usm'))[1], informs)
})

test('an engineID that is none is refused', async () => {
  for (const wrong of ['0102', '00'.repeat(8), 'ff'.repeat(8), 'zz', 'localSnmpID'])
    await assert.rejects(add('x', { engine: wrong }), /--engine must be 5 to 32 octets/)
})

/** Somebody who types these, one after the other. */
function typing(...answers: string[]) {
  const questions: string[] = []
  return {
    questions,
    ask: async (question: string): Promise<string> => {
      questions.push(question)
      return answers.shift()!
    },
  }
}

test('new passphrases are asked for twice, and refused when they differ', async () => {
  const same = typing('long enough', 'long enough', 'also enough', 'also enough')
  assert.deepEqual(await passphrases(undefined, true, { areNew: true, ask: same.ask }), {
    auth: 'long enough',
    priv: 'also enough',
  })
  assert.deepEqual(same.questions, [
    'authentication passphrase: ',
    'authentication passphrase again: ',
    'privacy passphrase: ',
    'privacy passphrase again: ',
  ])
  const other = typing('long enough', 'long enouhg')
  await assert.rejects(
    passphrases(undefined, true, { areNew: true, ask: other.ask }),
    /the two authentication passphrases differ/,
  )
})

test('passphrases that exist are asked for once, and one that is too short is refused before the next question', async () => {
  const known = typing('long enough', 'also enough')
  assert.equal((await passphrases(undefined, true, { ask: known.ask })).priv, 'also enough')
  const short = typing('short')
  await assert.rejects(passphrases(undefined, true, { areNew: true, ask: short.ask }), /at least 8 octets/)
  assert.equal(short.questions.length, 1)
})

test('a passphrase file that is no UTF-8 is refused, and a byte order mark is no part of a passphrase', async () => {
  writeFileSync(passphraseFile, Buffer.from('B\xfcropassphrase\n', 'latin1'))
  await assert.rejects(passphrases(passphraseFile, false), /phrases is not UTF-8/)
  writeFileSync(passphraseFile, '\ufeffauthentication phrase\r\nprivacy phrase\r\n')
  assert.deepEqual(await passphrases(passphraseFile, true), { auth: 'authentication phrase', priv: 'privacy phrase' })
  writeFileSync(passphraseFile, 'authentication phrase\nprivacy phrase\n')
})
