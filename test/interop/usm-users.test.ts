import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, passphrase, until } from '../support/appliance.ts'
import { netsnmp, type ToolResult } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const usmUserEntry = '.1.3.6.1.6.3.15.1.2.2.1'
const sysUpTime = '.1.3.6.1.2.1.1.3.0'
const fresh = { auth: 'a newer phrase', priv: 'a newer secret' }
process.env.SNMP_PERSISTENT_DIR = mkdtempSync(join(tmpdir(), 'usm-'))
let appliance: Appliance
let engine: string

describe('users over SNMP, with snmpusm and snmpvacm', needs('snmpusm'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    for (const [name, group] of [
      ['boss', 'admin'],
      ['ann', 'operate'],
    ])
      assert.equal((await appliance.castellan('user', 'add', name!, '--group', group!)).code, 0)
    assert.equal(await appliance.start(), undefined, appliance.output)
    const { out } = await as('boss')('snmpget', ['-Oqvx'], '.1.3.6.1.6.3.10.2.1.1.0')
    const octets = out.replace(/[^0-9A-Fa-f]/g, '').match(/../g)!
    engine = [octets.length, ...octets.map((octet) => Number.parseInt(octet, 16))].join('.')
  })
  after(() => appliance.stop())

  const as =
    (user: string, phrases = passphrase) =>
    (tool: string, options: readonly string[], ...args: string[]): Promise<ToolResult> => {
      const security = ['-a', 'SHA-256', '-A', phrases.auth, '-x', 'AES', '-X', phrases.priv]
      return netsnmp(tool, ['-v3', '-l', 'authPriv', '-u', user, ...security, ...options, appliance.at.snmp, ...args])
    }
  const instance = (column: number, name: string): string =>
    `${usmUserEntry}.${column}.${engine}.${name.length}.${[...Buffer.from(name)].join('.')}`

  test('a user is cloned, given keys of its own, activated and put into a group; then it asks, and survives a restart', async () => {
    const boss = as('boss')
    const created = await boss('snmpusm', ['-Cw'], 'create', 'wes', 'ann')
    assert.equal(created.code, 0, created.err)
    assert.match(
      (await boss('snmpget', ['-Oqv'], instance(13, 'wes'))).out,
      /^3$/m,
      'notReady: its keys are the template’s',
    )
    assert.match((await boss('snmpusm', [], 'activate', 'wes')).err, /inconsistentValue/)
    for (const kind of ['auth', 'priv'] as const) {
      const option = kind === 'auth' ? '-Ca' : '-Cx'
      const changed = await boss('snmpusm', [option], 'passwd', passphrase[kind], fresh[kind], 'wes')
      assert.equal(changed.code, 0, changed.err)
    }
    assert.equal((await boss('snmpusm', [], 'activate', 'wes')).code, 0)
    assert.match((await as('wes', fresh)('snmpget', [], sysUpTime)).err, /authorizationError/, 'it has no group yet')
    const grouped = await boss('snmpvacm', [], 'createSec2Group', '3', 'wes', 'operatePriv')
    assert.equal(grouped.code, 0, grouped.err)
    const asked = await as('wes', fresh)('snmpget', [], sysUpTime)
    assert.equal(asked.code, 0, asked.err)
    assert.match((await as('wes')('snmpget', ['-r0', '-t1'], sysUpTime)).err, /Authentication failure/)

    const file = readFileSync(join(appliance.at.home.conf, 'agent', 'snmpd.cnf'), 'utf8')
    assert.match(file, /^usmUserEntry localSnmpID wes SHA-256 AES nonVolatile /m)
    assert.match(file, /^vacmSecurityToGroupEntry usm wes operatePriv nonVolatile/m)
    await appliance.stopAgent('SIGKILL')
    assert.equal(await appliance.start(), undefined, appliance.output)
    assert.equal((await as('wes', fresh)('snmpget', [], sysUpTime)).code, 0)
  })

  test('a user changes its own keys, and nobody else’s', async () => {
    const ann = as('ann')
    const foreign = await ann('snmpset', [], instance(7, 'boss'), 'x', '00'.repeat(64))
    assert.match(foreign.err, /noAccess/)
    const byCommunity = await netsnmp('snmpset', [
      '-v2c',
      '-ccspsAdmin',
      appliance.at.snmp,
      instance(7, 'ann'),
      'x',
      '00'.repeat(64),
    ])
    assert.match(byCommunity.err, /noAccess/)
    const short = await ann('snmpset', [], instance(7, 'ann'), 'x', '00'.repeat(63))
    assert.match(short.err, /wrongLength/)
    const changed = await ann('snmpusm', ['-Ca'], 'passwd', passphrase.auth, fresh.auth)
    assert.equal(changed.code, 0, changed.err)
    assert.equal((await as('ann', { ...passphrase, auth: fresh.auth })('snmpget', [], sysUpTime)).code, 0)
    assert.notEqual((await ann('snmpget', ['-r0', '-t1'], sysUpTime)).code, 0)
    // What the manager asked for is in the audit log; the key that it carries is not.
    const audit = appliance
      .log('audit.log')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const last = audit.at(-1)
    assert.equal(last.securityName, 'ann')
    assert.ok(
      last.varbinds.some(
        (one: { name: string; new: string }) => one.name.startsWith('usmUserOwnAuthKeyChange') && one.new === '***',
      ),
    )
  })

  test('the rules of RFC 3414 for the columns of a user hold', async () => {
    const boss = as('boss')
    const setBoss = (...what: string[]) => boss('snmpset', [], ...what)
    assert.match((await setBoss(instance(5, 'boss'), 'o', '.1.3.6.1.6.3.10.1.1.2')).err, /inconsistentValue/)
    assert.match(
      (await setBoss(instance(5, 'boss'), 'o', '.1.3.6.1.6.3.10.1.1.1')).err,
      /inconsistentValue/,
      'privacy first',
    )
    assert.match(
      (await setBoss(instance(5, 'new'), 'o', '.1.3.6.1.99', instance(13, 'new'), 'i', '5')).err,
      /wrongValue/,
    )
    assert.match(
      (await setBoss(instance(4, 'new'), 'o', instance(3, 'nobody'), instance(13, 'new'), 'i', '5')).err,
      /inconsistentName/,
    )
    assert.match((await setBoss(instance(6, 'new'), 'x', '00', instance(13, 'new'), 'i', '5')).err, /inconsistentName/)
    assert.match(
      (await setBoss(instance(4, 'new'), 'o', instance(3, 'boss'), instance(13, 'new'), 'i', '4')).err,
      /inconsistentValue/,
    )
    const lock = (await boss('snmpget', ['-Oqv'], '.1.3.6.1.6.3.15.1.2.1.0')).out.trim()
    assert.match((await setBoss('.1.3.6.1.6.3.15.1.2.1.0', 'i', String(Number(lock) + 1))).err, /inconsistentValue/)
    assert.equal((await setBoss('.1.3.6.1.6.3.15.1.2.1.0', 'i', lock)).code, 0)
    const secrets = await boss('snmpbulkwalk', ['-Oq'], `${usmUserEntry}.6`)
    for (const line of secrets.out.trim().split('\n')) assert.match(line, / ""$/, 'keys read as empty')
  })

  test('a deleted user is unknown at once', async () => {
    const boss = as('boss')
    assert.equal((await boss('snmpusm', [], 'delete', 'wes')).code, 0)
    assert.match((await as('wes', fresh)('snmpget', ['-r0', '-t1'], sysUpTime)).err, /Unknown user name/)
  })

  test('castellan user rotate and test verify what they say, and castellan access explains', async () => {
    const rotated = await appliance.castellan(
      'user',
      'rotate',
      'boss',
      '--passphrase-file',
      phrasesIn('rotated', 'newer'),
    )
    assert.equal(rotated.code, 0, rotated.err)
    assert.match(rotated.out, /^verified: boss can query 127\.0\.0\.1:\d+: sysUpTime\.0 = /m)
    const wrong = await appliance.castellan('user', 'test', 'boss')
    assert.equal(wrong.code, 1)
    assert.match(wrong.err, /passphrase or protocol is not what the agent has/)
    const added = await appliance.castellan('user', 'add', 'nms', '--auth', 'SHA-512', '--priv', 'AES-256')
    assert.match(added.out, /verified: nms can query/)
    assert.match(added.out, /lnms device:add --v3/)
    assert.match(added.out, /"securitylevel":2,"authprotocol":5/)
    assert.match(added.out, /password: AUTH-PASSPHRASE\n +auth_protocol: SHA512\n +priv_protocol: AES256\n/)

    const why = async (who: string, object: string) => (await appliance.castellan('access', who, object)).out
    const command = await why('cspsAdmin', 'critAppStartCommand.1')
    assert.match(
      command,
      /snmpv2c proxySec noAuthNoPriv +read +no +vacmAccessEntry proxyGroup - any noAuthNoPriv, view read: critAppStartCommand is excluded/,
    )
    assert.match(command, /write +no +vacmAccessEntry proxyGroup.*view operate: critAppStartCommand is excluded/)
    assert.match(
      await why('boss', 'critAppStartCommand.1'),
      /authPriv +write +no .*commands change only in the local files/,
    )
    assert.match(
      await why('boss', 'sysContact'),
      /usm boss authNoPriv +read +no +noAccessEntry: no vacmAccessEntry of adminPriv for usm at authNoPriv/,
    )
    assert.match(await why('public', 'snmpCommunityName'), /read +no .*snmpCommunityTable is excluded/)
    assert.match((await appliance.castellan('access', 'nobody', 'iso')).err, /no community and no user nobody/)
    await until(() => appliance.log('agent.log').includes('was read again'), 2000)
  })

  test('a mask, a community and a text that look like something else are the same octets after a restart', async () => {
    const boss = as('boss', { auth: 'newer authentication', priv: 'newer privacy' })
    const at = (text: string, isImplied = false): string =>
      [...(isImplied ? [] : [text.length]), ...Buffer.from(text)].join('.')
    const mask = `.1.3.6.1.6.3.16.1.5.2.1.3.${at('tiny')}.3.1.3.6`
    const view = await boss('snmpset', [], mask, 'x', 'FD', mask.replace('.3.4.', '.6.4.'), 'i', '4')
    assert.equal(view.code, 0, view.err)
    const community = `.1.3.6.1.6.3.18.1.1.1.2.${at('tiny', true)}`
    const row = (column: number): string => community.replace('18.1.1.1.2.', `18.1.1.1.${column}.`)
    const made = await boss('snmpset', [], community, 'x', 'FD', row(3), 's', 'publicSec', row(8), 'i', '4')
    assert.equal(made.code, 0, made.err)
    const sysLocation = '.1.3.6.1.2.1.1.6.0'
    assert.equal((await boss('snmpset', [], sysLocation, 's', '42u')).code, 0)
    await appliance.stopAgent('SIGKILL')
    assert.equal(await appliance.start(), undefined, appliance.output)
    assert.match((await boss('snmpget', ['-Oqvx'], mask)).out, /^"?FD ?"?$/m)
    assert.match((await boss('snmpget', ['-Oqv'], sysLocation)).out, /^"?42u"?$/m)
    const file = readFileSync(join(appliance.at.home.conf, 'agent', 'snmpd.cnf'), 'utf8')
    assert.match(file, /^snmpCommunityEntry tiny "\\x\{fd\}" publicSec localSnmpID /m)
    assert.match(file, /^vacmViewTreeFamilyEntry tiny 1\.3\.6 fd included /m)
  })

  test('what castellan user changes is in force when the command returns: a new group, and the end of a user', async () => {
    const sysContact = '.1.3.6.1.2.1.1.4.0'
    const write = (): Promise<ToolResult> => as('temp')('snmpset', ['-r0', '-t1'], sysContact, 's', 'temp')
    const user = (...args: string[]) => appliance.castellan('user', ...args)
    assert.equal((await user('add', 'temp', '--group', 'operate')).code, 0)
    assert.equal((await write()).code, 0)
    const informs = await user('add', 'temp', '--engine', '80007ed90401020304')
    assert.match(informs.out, /its group stays operatePriv\nthe running agent has taken it\n/)
    assert.equal((await write()).code, 0, 'keys for informs are no matter of rights')
    assert.equal((await user('add', 'temp', '--group', 'read')).code, 0)
    assert.match((await write()).err, /noAccess|authorizationError/)
    assert.equal((await user('add', 'temp', '--group', 'operate')).code, 0)
    assert.equal((await write()).code, 0)
    const removed = await user('remove', 'temp')
    assert.match(
      removed.out,
      /^removed user temp\nverified: the agent at 127\.0\.0\.1:\d+ does not know temp any more\n$/,
    )
    assert.match((await write()).err, /Unknown user name/)
  })

  test('a community that was taken out of the file is refused when castellan reload returns', async () => {
    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    const before = readFileSync(path, 'utf8')
    const ask = (): Promise<ToolResult> =>
      netsnmp('snmpget', ['-v2c', '-cpublic', '-r0', '-t1', appliance.at.snmp, sysUpTime])
    assert.equal((await ask()).code, 0)
    writeFileSync(path, before.replace(/^snmpCommunityEntry public .*$/m, ''))
    assert.equal((await appliance.castellan('reload')).code, 0)
    assert.match((await ask()).err, /Timeout/)
    writeFileSync(path, before)
    assert.equal((await appliance.castellan('reload')).code, 0)
    assert.equal((await ask()).code, 0)
  })

  test('a change that the running agent cannot take is no success: the command says what is in its way', async () => {
    // Another file of the agent is broken, so it takes none of them.
    const path = join(appliance.at.home.conf, 'agent', 'schedule.cnf')
    const before = readFileSync(path, 'utf8')
    writeFileSync(path, `${before}nonsense\n`)
    const refused = await appliance.castellan('user', 'remove', 'boss')
    writeFileSync(path, before)
    assert.equal(refused.code, 1)
    assert.match(
      refused.err,
      /the running agent goes on with what it had, for it cannot take its files: schedule\.cnf:\d+:1: unknown entry "nonsense"/,
    )
    assert.equal((await appliance.castellan('reload')).code, 0)
  })

  const phrasesIn = (name: string, word: string): string => {
    const path = join(process.env.SNMP_PERSISTENT_DIR!, name)
    writeFileSync(path, `${word} authentication\n${word} privacy\n`)
    return path
  }
})
