import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { authProtocols } from '../../snmp/security/usm/protocols.ts'
import { Appliance, makeHome, passphrase, until } from '../support/appliance.ts'
import { netsnmp, type ToolResult, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const sysUpTime = '.1.3.6.1.2.1.1.3.0'
const sysContact = '.1.3.6.1.2.1.1.4.0'
let appliance: Appliance

const castellan = (...args: string[]) => appliance.castellan(...args)

const folder = mkdtempSync(join(tmpdir(), 'v3-'))
process.env.SNMP_PERSISTENT_DIR = folder

function v3(tool: string, user: string, options: readonly string[], ...rest: string[]): Promise<ToolResult> {
  return netsnmp(tool, ['-v3', '-u', user, ...options, '-t0.5', '-r0', appliance.at.snmp, ...rest])
}
const authNoPriv = (protocol: string, phrase = passphrase.auth) => ['-l', 'authNoPriv', '-a', protocol, '-A', phrase]
const authPriv = (auth: string, priv: string, phrase = passphrase.priv) => [
  '-l',
  'authPriv',
  '-a',
  auth,
  '-A',
  passphrase.auth,
  '-x',
  priv,
  '-X',
  phrase,
]

const privacies = [
  ['DES', 'DES'],
  ['AES', 'AES'],
  ['AES-192', 'AES-192'],
  ['AES-256', 'AES-256'],
  ['AES-192-C', 'AES-192-C'],
  ['AES-256-C', 'AES-256-C'],
] as const

describe('SNMPv3 with Net-SNMP', needs('snmpget', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    for (const { name } of authProtocols) {
      const made = await castellan('user', 'add', `auth${name}`, '--auth', name, '--priv', 'none', '--group', 'operate')
      assert.equal(made.code, 0, made.err)
    }
    for (const [name] of privacies) {
      const made = await castellan(
        'user',
        'add',
        `priv${name}`,
        '--auth',
        'SHA-256',
        '--priv',
        name,
        '--group',
        'operate',
      )
      assert.equal(made.code, 0, made.err)
    }
    assert.equal((await castellan('user', 'add', 'boss', '--group', 'admin')).code, 0)
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(() => appliance.stop())

  for (const { name } of authProtocols) {
    test(`a user with ${name} reads, walks and sets; a wrong passphrase does nothing and is counted`, async () => {
      const read = await v3('snmpget', `auth${name}`, authNoPriv(name), sysUpTime)
      assert.equal(read.code, 0, read.err)
      const set = await v3('snmpset', `auth${name}`, authNoPriv(name), sysContact, 's', `by ${name}`)
      assert.equal(set.code, 0, set.err)
      const walked = await v3('snmpbulkwalk', `auth${name}`, authNoPriv(name), '.1.3.6.1.2.1.2')
      assert.ok(walked.out.split('\n').length > 20, walked.err)
      const wrong = await v3(
        'snmpset',
        `auth${name}`,
        authNoPriv(name, 'not the passphrase'),
        sysContact,
        's',
        'by nobody',
      )
      assert.match(wrong.err, /Authentication failure/)
      assert.match((await v3('snmpget', `auth${name}`, authNoPriv(name), sysContact)).out, new RegExp(`"by ${name}"`))
    })
  }

  for (const [name, option] of privacies) {
    test(`a user with ${name} reads and sets, encrypted; below that level it is refused`, async () => {
      const read = await v3('snmpget', `priv${name}`, authPriv('SHA-256', option), sysUpTime)
      assert.equal(read.code, 0, read.err)
      const set = await v3('snmpset', `priv${name}`, authPriv('SHA-256', option), sysContact, 's', `by ${name}`)
      assert.equal(set.code, 0, set.err)
      const walked = await v3('snmpbulkwalk', `priv${name}`, authPriv('SHA-256', option), '.1.3.6.1.2.1.2')
      assert.ok(walked.out.split('\n').length > 20, walked.err)
      const below = await v3('snmpget', `priv${name}`, authNoPriv('SHA-256'), sysUpTime)
      assert.match(below.err, /authorizationError/)
      const wrong = await v3('snmpget', `priv${name}`, authPriv('SHA-256', option, 'not the passphrase'), sysUpTime)
      assert.notEqual(wrong.code, 0)
    })
  }

  test('a user without keys reads, walks and sets what its group may at noAuthNoPriv, and no more', async () => {
    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    const before = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      `${before}
usmUserEntry localSnmpID open none none nonVolatile
vacmSecurityToGroupEntry usm open openGroup nonVolatile
vacmAccessEntry openGroup - usm noAuthNoPriv exact read operate - nonVolatile
`,
    )
    const reloaded = await castellan('reload')
    assert.equal(reloaded.code, 0, reloaded.out)
    const open = ['-l', 'noAuthNoPriv']
    await until(async () => (await v3('snmpget', 'open', open, sysUpTime)).code === 0, 3000, 'the new user')
    assert.ok((await v3('snmpbulkwalk', 'open', open, '.1.3.6.1.2.1.2')).out.split('\n').length > 20)
    assert.equal((await v3('snmpset', 'open', open, sysContact, 's', 'anybody')).code, 0)
    assert.match((await v3('snmpget', 'open', authNoPriv('SHA'), sysUpTime)).err, /Unsupported security level/)
    writeFileSync(path, before)
    assert.equal((await castellan('reload')).code, 0)
    await until(async () => /Unknown user name/.test((await v3('snmpget', 'open', open, sysUpTime)).err), 3000)
  })

  test('unknown users, levels a user does not have, and unknown contexts are told by reports, and counted', async () => {
    assert.match((await v3('snmpget', 'nobody', ['-l', 'noAuthNoPriv'], sysUpTime)).err, /Unknown user name/)
    assert.match((await v3('snmpget', 'authSHA', authPriv('SHA', 'AES'), sysUpTime)).err, /Unsupported security level/)
    const context = await v3('snmpget', 'authSHA', [...authNoPriv('SHA'), '-n', 'elsewhere'], sysUpTime)
    assert.notEqual(context.code, 0)
    const counters = await v3('snmpbulkwalk', 'authSHA', [...authNoPriv('SHA'), '-Oqv'], '.1.3.6.1.6.3.15.1.1')
    const [unsupported, , unknownUsers, unknownEngines, wrongDigests] = counters.out.trim().split('\n').map(Number)
    assert.equal(unsupported, 2)
    assert.ok(unknownUsers! >= 2, 'one here, and those of the test before')
    assert.ok(unknownEngines! > 10, 'every tool begins with discovery')
    assert.equal(wrongDigests, authProtocols.length)
    assert.equal(
      (await v3('snmpget', 'authSHA', [...authNoPriv('SHA'), '-Oqv'], '.1.3.6.1.6.3.12.1.5.0')).out.trim(),
      '1',
    )
  })

  test('a good file is taken while requests go on, and none is lost; a bad one is refused whole', async () => {
    const asks = (): Promise<ToolResult[]> =>
      Promise.all(Array.from({ length: 20 }, () => v3('snmpget', 'authSHA', authNoPriv('SHA'), sysUpTime)))
    const before = asks()
    assert.equal((await castellan('user', 'add', 'late', '--group', 'operate')).code, 0)
    assert.equal((await castellan('reload')).code, 0)
    for (const { code, err } of [...(await before), ...(await asks())]) assert.equal(code, 0, err)
    const late = () => v3('snmpget', 'late', authPriv('SHA-256', 'AES'), sysUpTime)
    await until(async () => (await late()).code === 0, 3000, 'the new user')

    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    const good = readFileSync(path, 'utf8')
    writeFileSync(path, good.replace(/^usmUserEntry localSnmpID late.*$/m, 'nonsense'))
    const refused = await castellan('reload')
    assert.deepEqual([refused.code, /unknown entry "nonsense"/.test(refused.out)], [1, true])
    process.kill(appliance.agentPid, 'SIGHUP')
    await until(() => appliance.log('agent.log').includes('what was in force stays'), 3000)
    assert.equal((await late()).code, 0)
    writeFileSync(path, good.replace(/^usmUserEntry localSnmpID late.*$/m, ''))
    assert.equal((await castellan('reload')).code, 0)
    await until(async () => /Unknown user name/.test((await late()).err), 3000, 'the end of the user')
  })

  test('traps of version 3, authenticated and encrypted, and of version 1 reach a real snmptrapd', async () => {
    const { out } = await v3('snmpget', 'authSHA', [...authNoPriv('SHA'), '-Oqvx'], '.1.3.6.1.6.3.10.2.1.1.0')
    const engineId = `0x${out.replace(/[^0-9A-Fa-f]/g, '')}`
    const traps = new TrapDaemon(appliance.at.trapPort, [
      `-e ${engineId} privAES SHA-256 "${passphrase.auth}" AES "${passphrase.priv}"`,
    ])
    await traps.started()
    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    const address = `127.0.0.1:${appliance.at.trapPort}`
    const before = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      `${before.replace(/^vacmAccessEntry operatePriv .*$/m, 'vacmAccessEntry operatePriv - usm authPriv exact read operate read nonVolatile')}
snmpTargetAddrEntry third snmpUDPDomain ${address} 100 3 Console v3Params nonVolatile
snmpTargetParamsEntry v3Params snmpv3 usm privAES authPriv nonVolatile
snmpTargetAddrEntry first snmpUDPDomain ${address} 100 3 Console v1Params nonVolatile
`,
    )
    assert.equal((await castellan('reload')).code, 0)
    // warmStart goes to the targets that the reload itself made: version 1 names it, 2c and 3 give its OID.
    try {
      await traps.saw(
        /TRAP, SNMP v1[\s\S]*Warm Start[\s\S]*\.1\.5\.2\s[\s\S]*\.1\.5\.2\s[\s\S]*read its configuration again"/,
      )
    } finally {
      await traps.stop()
    }
    writeFileSync(path, before)
    assert.equal((await castellan('reload')).code, 0)
  })

  test('no passphrase and no readable key is in the file, and castellan lists and removes users', async () => {
    const file = readFileSync(join(appliance.at.home.conf, 'agent', 'snmpd.cnf'), 'utf8')
    assert.doesNotMatch(file, /phrase"/)
    assert.match(
      file,
      /^usmUserEntry localSnmpID boss SHA-256 AES nonVolatile ([0-9a-f]{2}:){31}[0-9a-f]{2} ([0-9a-f]{2}:){15}[0-9a-f]{2}$/m,
    )
    assert.match((await castellan('user', 'list')).out, /^boss +SHA-256 +AES +adminPriv$/m)
    assert.equal((await castellan('user', 'remove', 'boss')).code, 0)
    assert.doesNotMatch((await castellan('user', 'list')).out, /boss/)
    assert.match((await v3('snmpget', 'boss', authPriv('SHA-256', 'AES'), sysUpTime)).err, /Unknown user name/)
    assert.equal((await castellan('user', 'remove', 'boss')).code, 1)
    assert.equal((await castellan('user', 'add', 'boss', '--group', 'admin')).code, 0)
    const short = join(folder, 'short')
    writeFileSync(short, 'short\nshort\n')
    assert.match((await castellan('user', 'add', 'x', '--passphrase-file', short)).err, /at least 8 octets/)
  })

  test('engineBoots grows with every start, the engineID stays, and the admin view shows no community', async () => {
    const engine = async () =>
      (await v3('snmpbulkwalk', 'authSHA', [...authNoPriv('SHA'), '-Oqv'], '.1.3.6.1.6.3.10.2.1')).out
        .trim()
        .split('\n')
    const [id, boots] = await engine()
    const secrets = await v3('snmpbulkwalk', 'boss', authPriv('SHA-256', 'AES'), '.1.3.6.1.6.3.18')
    assert.ok(secrets.out.split('\n').length > 8, secrets.err)
    assert.doesNotMatch(secrets.out, /cspsAdmin"/)
    await appliance.stopAgent('SIGKILL')
    assert.equal(await appliance.start(), undefined, appliance.output)
    const [sameId, moreBoots] = await engine()
    assert.equal(sameId, id)
    assert.equal(Number(moreBoots), Number(boots) + 1)
  })
})
