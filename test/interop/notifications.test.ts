import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, passphrase, showGuarded, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const receiverEngine = '80001f8804636173746c65'
const adminStatus = '.1.3.6.1.4.1.32473.12.29.1.1.1.5.1'
const linkUp = '1.3.6.1.6.3.1.1.5.4'
const target = (name: string, column: number): string =>
  `.1.3.6.1.4.1.32473.12.1.1.2.1.${column}.${[...Buffer.from(name)].join('.')}`
let appliance: Appliance
let traps: TrapDaemon

describe('notifications to Net-SNMP', needs('snmpget', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    for (const args of [
      ['informer', '--engine', receiverEngine],
      ['plain', '--engine', receiverEngine, '--priv', 'none'],
    ])
      assert.equal((await appliance.castellan('user', 'add', ...args)).code, 0)
    const { trapPort } = appliance.at
    configure(`
snmpNotifyEntry informs Informs inform nonVolatile
snmpTargetAddrEntry inform2c snmpUDPDomain 127.0.0.1:${trapPort} 50 1 Informs v2cParams nonVolatile
snmpTargetAddrEntry inform3 snmpUDPDomain 127.0.0.1:${trapPort} 50 1 Informs v3Priv nonVolatile
snmpTargetAddrEntry inform3a snmpUDPDomain 127.0.0.1:${trapPort} 50 1 Informs v3Auth nonVolatile
snmpTargetAddrEntry dead snmpUDPDomain 127.0.0.1:9 10 0 Informs v2cParams nonVolatile
snmpTargetParamsEntry v3Priv snmpv3 usm informer authPriv nonVolatile
snmpTargetParamsEntry v3Auth snmpv3 usm plain authNoPriv nonVolatile
`)
    showGuarded(appliance.at, 'nlmLogVariableTable')
    traps = new TrapDaemon(
      trapPort,
      [`informer SHA-256 "${passphrase.auth}" AES "${passphrase.priv}"`, `plain SHA-256 "${passphrase.auth}"`],
      receiverEngine,
    )
    await traps.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    await appliance.stop()
    await traps.stop()
  })

  const edit = (change: (text: string) => string): void => {
    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }
  const configure = (lines: string): void => edit((text) => `${text}${lines}`)
  const read = async (...names: string[]): Promise<string[]> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, ...names])).out.trim().split('\n')
  const set = (...what: string[]) => netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, ...what])

  test('informs of versions 2c and 3 are acknowledged by a real snmptrapd, and end with a sentence', async () => {
    const counts = (): Promise<string[]> =>
      read(...['inform2c', 'inform3', 'inform3a'].flatMap((name) => [target(name, 2), target(name, 4)]))
    await until(
      async () => {
        const found = (await counts()).map(Number)
        return [0, 2, 4].every((i) => found[i]! > 0) && [1, 3, 5].every((i) => found[i] === 0)
      },
      8000,
      'the acknowledgements',
    )
    const seen = await traps.saw(/("the agent started"[\s\S]*){4}("sipd was started as PID \d+"[\s\S]*){4}/)
    // A trap and three informs of coldStart, each once: nothing was acknowledged and sent again.
    assert.equal(seen.match(/"the agent started"/g)?.length, 4)
  })

  test('a dead target slows no other; what it did not get is counted and logged', async () => {
    await until(async () => Number((await read(target('dead', 3)))[0]) >= 2, 5000, 'the losses')
    const [sent, acknowledged, , waiting, reason] = await read(
      ...[1, 2, 3, 4, 5].map((column) => target('dead', column)),
    )
    assert.ok(Number(sent) >= 2)
    assert.deepEqual([acknowledged, waiting, reason], ['0', '0', '"127.0.0.1:9 did not answer within 0.1 s"'])
    assert.match(appliance.log('agent.log'), /notifications to a target were lost target=dead/)
    traps.forget()
    assert.equal((await set(adminStatus, 'i', '2')).code, 0)
    await traps.saw(/\.29\.3\.0\.1[\s\S]*\.29\.3\.0\.1[\s\S]*\.29\.3\.0\.1/)
  })

  test('an inform that is not answered at first is sent again, and gets through', async () => {
    await traps.stop()
    assert.equal((await set(adminStatus, 'i', '1')).code, 0)
    await until(async () => Number((await read(target('inform2c', 4)))[0]) > 0, 5000, 'an inform that waits')
    traps = new TrapDaemon(appliance.at.trapPort, [], receiverEngine)
    await traps.saw(/sipd was started as PID/)
    await until(async () => (await read(target('inform2c', 4)))[0] === '0', 5000, 'the acknowledgement')
    assert.equal((await read(target('inform2c', 3)))[0], '0')
  })

  test('the notification log has what was sent, with types and the sentence, and forgets the oldest', async () => {
    const walk = async (oid: string): Promise<string[]> =>
      (await netsnmp('snmpbulkwalk', ['-v2c', '-cpublic', '-Oq', appliance.at.snmp, oid])).out.trim().split('\n')
    const ids = await walk('.1.3.6.1.2.1.92.1.3.1.1.9')
    assert.match(ids[0]!, /^\.1\.3\.6\.1\.2\.1\.92\.1\.3\.1\.1\.9\.0\.1 \.1\.3\.6\.1\.6\.3\.1\.1\.5\.1$/)
    assert.ok(ids.length >= 3)
    assert.ok((await walk('.1.3.6.1.2.1.92.1.3.2.1.8')).some((line) => line.endsWith('"the agent started"')))
    assert.equal((await read('.1.3.6.1.2.1.92.1.1.3.1.5.0'))[0], '2', 'the nameless log is operational')
    edit((text) => text.replace(/^nlmConfigGlobalEntryLimit .*/m, 'nlmConfigGlobalEntryLimit 2'))
    const reloaded = await appliance.castellan('reload')
    assert.equal(reloaded.code, 0, reloaded.out)
    await until(async () => (await walk('.1.3.6.1.2.1.92.1.3.1.1.9')).length === 2, 3000, 'the trimming')
    assert.ok(Number((await read('.1.3.6.1.2.1.92.1.2.2.0'))[0]) >= 1, 'they are counted as bumped')
  })

  test('a filter keeps a notification from the targets of its parameters, by its name or that of an object', async () => {
    configure(`
snmpNotifyFilterProfileEntry v2cParams quiet nonVolatile
snmpNotifyFilterEntry quiet iso - included nonVolatile
snmpNotifyFilterEntry quiet ${linkUp} - excluded nonVolatile
snmpNotifyFilterEntry quiet 1.3.6.1.4.1.32473.12.29.1.1.1.18 - excluded nonVolatile
`)
    assert.equal((await appliance.castellan('reload')).code, 0)
    await until(() => appliance.log('agent.log').match(/was read again/g)?.length === 2, 3000)
    const before = Number((await read(target('local', 1)))[0])
    // Its critAppLastExitCode is kept out, and so the whole of it is; the start has no such object.
    assert.equal((await set(adminStatus, 'i', '2')).code, 0)
    await until(async () => (await read('.1.3.6.1.4.1.32473.12.29.1.1.1.11.1'))[0] === '2', 5000)
    assert.equal((await set(adminStatus, 'i', '1')).code, 0)
    await until(async () => Number((await read(target('local', 1)))[0]) === before + 1, 5000, 'the start alone')
  })
})
