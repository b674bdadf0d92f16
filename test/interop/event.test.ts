import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, passphrase, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const receiverEngine = '80001f8804636173746c66'
const mte = '.1.3.6.1.2.1.88'
const schedEntry = '.1.3.6.1.2.1.63.1.2.1'
const critAppProcEntry = '.1.3.6.1.4.1.32473.12.29.1.1.1'
process.env.SNMP_PERSISTENT_DIR = mkdtempSync(join(tmpdir(), 'event-'))
let appliance: Appliance
let daemon: TrapDaemon

const octets = (text: string): string => [...Buffer.from(text)].join('.')
/** The objects of this file are intervals of schedules: anybody with rights may set them, and nothing comes of it. */
const schedule = (column: number, name: string): string =>
  `${schedEntry}.${column}.1.111.${name.length}.${octets(name)}`
/** An instance of a table below mteTrigger (2) or mteEvent (4); owner `o`, the name is IMPLIED. */
const cell = (table: string, column: number, name: string): string =>
  `${mte}.1.${table}.1.${column}.1.111.${octets(name)}`

describe('triggers, with a real agent, a real subagent, snmpset and snmptrapd', needs('snmpset', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { home, trapPort } = appliance.at
    for (const args of [
      ['boss', '--group', 'admin'],
      ['informer', '--engine', receiverEngine],
    ])
      assert.equal((await appliance.castellan('user', 'add', ...args)).code, 0)
    const edit = (file: string, lines: string): void => {
      const path = join(home.conf, file)
      writeFileSync(path, `${readFileSync(path, 'utf8')}${lines}`)
    }
    const path = join(home.root, 'alpha')
    writeFileSync(path, '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
    chmodSync(path, 0o755)
    writeFileSync(
      join(home.conf, 'subagents', 'critagt.cnf'),
      `critAppProcEntry 1 alpha ${path} - up false 100 true true true\n`,
    )
    edit(
      'agent/snmpd.cnf',
      `snmpNotifyEntry informs Informs inform nonVolatile
snmpTargetAddrEntry inform3 snmpUDPDomain 127.0.0.1:${trapPort} 100 3 Informs v3Priv nonVolatile
snmpTargetParamsEntry v3Priv snmpv3 usm informer authPriv nonVolatile
vacmViewTreeFamilyEntry watch schedInterval - included nonVolatile
vacmViewTreeFamilyEntry watch critAppOperStatus - included nonVolatile
`,
    )
    edit(
      'agent/schedule.cnf',
      ['level', 'other']
        .map((name) => `schedEntry o ${name} - 10 - - - - - - sysContact.0 0 periodic disabled nonVolatile\n`)
        .join(''),
    )
    writeFileSync(
      join(home.conf, 'agent', 'eventagt.cnf'),
      `# made by a person
mteResourceSampleMinimum 1
mteTriggerEntry o level - 20 absoluteValue ${schedule(4, 'level').slice(1)} false - - false 1 - - true active
mteTriggerThresholdEntry rising 75 20 0 0 - - o tell o tell - - - - o level
mteTriggerEntry o alpha - 40 absoluteValue critAppOperStatus true - - false 1 - - true active
mteTriggerBooleanEntry equal 2 false - - o tell o alpha
mteEventEntry tell "" 80 true active o
mteEventNotificationEntry 0.0 - - o tell
`,
    )
    daemon = new TrapDaemon(
      trapPort,
      [`informer SHA-256 "${passphrase.auth}" AES "${passphrase.priv}"`],
      receiverEngine,
    )
    await daemon.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    await appliance.castellan('apps', 'stop', 'alpha')
    await appliance.stop()
    await daemon.stop()
  })

  const security = ['-a', 'SHA-256', '-A', passphrase.auth, '-x', 'AES', '-X', passphrase.priv]
  const setAs = async (...args: string[]) =>
    netsnmp('snmpset', ['-v3', '-l', 'authPriv', '-u', 'boss', ...security, appliance.at.snmp, ...args])
  const boss = async (...args: string[]): Promise<void> => {
    const done = await setAs(...args)
    assert.equal(done.code, 0, done.err)
  }
  const get = async (oid: string): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, oid])).out.trim()
  const interval = (seconds: number, name = 'level') => boss(schedule(4, name), 'u', String(seconds))
  /** Two samples of one second each have come and gone. */
  const samples = async (name: string): Promise<void> => {
    const instance = `.1.3.6.1.4.1.32473.12.88.1.2.1.5.1.111.${name.length}.${octets(name)}`
    const sampled = async () =>
      (await netsnmp('snmpwalk', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, instance])).out
    for (let seen = 0; seen < 2; seen++) {
      const last = await sampled()
      await until(async () => (await sampled()) !== last, 10_000, 'a sample')
    }
  }
  /** How many of a trigger's notifications came, each on a line of its own. */
  const count = (seen: string, notification: number, trigger: string): number => {
    const kind = new RegExp(`\\.1\\.3\\.6\\.1\\.6\\.3\\.1\\.1\\.4\\.1\\.0 = OID: \\${mte}\\.2\\.0\\.${notification}\\s`)
    return seen.split('\n').filter((line) => kind.test(line) && line.includes(`= STRING: "${trigger}"`)).length
  }

  test('a crossing is received once as v2c trap and once as v3 inform, rising and falling, nothing in between', async () => {
    await samples('level')
    daemon.forget()
    await interval(81)
    await daemon.saw(/(is 81, at or above 75[\s\S]*){2}/, 8000)
    for (const value of [74, 99, 21]) {
      await interval(value)
      await samples('level')
    }
    await interval(20)
    const seen = await daemon.saw(/(is 20, at or below 20[\s\S]*){2}/, 8000)
    await samples('level')
    assert.deepEqual([count(seen, 2, 'level'), count(seen, 3, 'level'), count(seen, 1, 'level')], [2, 2, 0])
    const hot = `${mte}.2.1`
    for (const line of [
      `${hot}.1.0 = STRING: "level"`,
      `${hot}.2.0 = ""`,
      `${hot}.3.0 = ""`,
      `${hot}.4.0 = OID: ${schedule(4, 'level')}`,
      `${hot}.5.0 = INTEGER: 81`,
    ])
      assert.ok(seen.includes(line), `${line} in ${seen}`)
  })

  test('an object of a subagent is watched as those of the agent itself', async () => {
    await until(async () => (await get(`${critAppProcEntry}.11.1`)) === '1', 8000, 'alpha')
    await samples('alpha')
    daemon.forget()
    await boss(`${critAppProcEntry}.5.1`, 'i', '2')
    const seen = await daemon.saw(/(critAppOperStatus\.1 is 2, equal to 2[\s\S]*){2}/, 10_000)
    assert.equal(count(seen, 1, 'alpha'), 2)
  })

  test('rows made over SNMP watch a row that appears and vanishes, and are kept in the file with their maker', async () => {
    await boss(
      ...[cell('2.2', 4, 'rows'), 'x', '80', cell('2.2', 6, 'rows'), 'o', `${schedEntry}.4`],
      ...[cell('2.2', 7, 'rows'), 'i', '1', cell('2.2', 11, 'rows'), 'u', '1', cell('2.2', 14, 'rows'), 'i', '1'],
      ...[cell('2.2', 15, 'rows'), 'i', '4', cell('2.4', 2, 'rows'), 'x', '00'],
      ...[cell('2.4', 5, 'rows'), 's', 'o', cell('2.4', 6, 'rows'), 's', 'tell'],
    )
    await samples('rows')
    daemon.forget()
    await boss(schedule(4, 'new'), 'u', '5', schedule(20, 'new'), 'i', '4')
    await daemon.saw(/(appeared, with 5[\s\S]*){2}/, 8000)
    await boss(schedule(20, 'new'), 'i', '6')
    const seen = await daemon.saw(/(is gone[\s\S]*){2}/, 8000)
    assert.equal(count(seen, 1, 'rows'), 4)
    const file = readFileSync(join(appliance.at.home.conf, 'agent', 'eventagt.cnf'), 'utf8')
    assert.match(file, /^# made by a person$/m)
    assert.match(file, /^mteTriggerEntry o rows .* usm boss authPriv$/m)
    assert.match(file, /^mteTriggerExistenceEntry c0 00 - - o tell o rows$/m)
    await boss(cell('2.2', 15, 'rows'), 'i', '6')
    assert.doesNotMatch(readFileSync(join(appliance.at.home.conf, 'agent', 'eventagt.cnf'), 'utf8'), /o rows/)
  })

  test('the growth of a real counter fires a trigger made in steps, as managers do', async () => {
    await boss(cell('2.2', 15, 'packets'), 'i', '5')
    await boss(cell('2.2', 4, 'packets'), 'x', '20', cell('2.2', 5, 'packets'), 'i', '2')
    await boss(cell('2.2', 6, 'packets'), 'o', '.1.3.6.1.2.1.11.1.0', cell('2.2', 11, 'packets'), 'u', '1')
    assert.equal(
      await get(cell('2.3', 1, 'packets')),
      '.1.3.6.1.2.1.1.3.0',
      'mteTriggerDeltaDiscontinuityID is sysUpTime.0',
    )
    await boss(cell('2.6', 2, 'packets'), 'i', '400', cell('2.6', 3, 'packets'), 'i', '-1')
    await boss(cell('2.6', 8, 'packets'), 's', 'o', cell('2.6', 9, 'packets'), 's', 'tell')
    await boss(cell('2.2', 14, 'packets'), 'i', '1', cell('2.2', 15, 'packets'), 'i', '1')
    const refused = await setAs(cell('2.6', 2, 'packets'), 'i', '1')
    assert.match(refused.err, /inconsistentValue/)
    await samples('packets')
    daemon.forget()
    const flood = async (): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        await Promise.all(
          Array.from({ length: 4 }, () =>
            netsnmp('snmpwalk', ['-v2c', '-cpublic', appliance.at.snmp, '.1.3.6.1.2.1.88.1.2']),
          ),
        )
      }
    }
    await Promise.all([flood(), daemon.saw(/(snmpInPkts\.0 changed by \d+ in 1 s, at or above 400[\s\S]*){2}/, 30_000)])
    await boss(cell('2.2', 15, 'packets'), 'i', '6')
  })

  test('a threshold that fell while the agent was down is received after its restart', async () => {
    daemon.forget()
    await interval(90)
    await daemon.saw(/(is 90, at or above 75[\s\S]*){2}/, 8000)
    await appliance.stopAgent()
    const path = join(appliance.at.home.conf, 'agent/schedule.cnf')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/(level - )90 /, '$115 '))
    daemon.forget()
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    const seen = await daemon.saw(/(is 15, at or below 20[\s\S]*){2}/, 15_000)
    assert.deepEqual([count(seen, 2, 'level'), count(seen, 3, 'level')], [0, 2])
  })

  test('an event sets with the rights of who activated the trigger; a set that fails is told', async () => {
    await boss(
      ...[cell('4.2', 3, 'act'), 'x', '40', cell('4.2', 4, 'act'), 'i', '1', cell('4.2', 5, 'act'), 'i', '4'],
      ...[cell('4.4', 1, 'act'), 'o', schedule(12, 'other'), cell('4.4', 3, 'act'), 'i', '77'],
    )
    const trigger = (name: string, event: string) =>
      boss(
        ...[cell('2.2', 6, name), 'o', schedule(12, 'level'), cell('2.2', 11, name), 'u', '1'],
        ...[cell('2.2', 14, name), 'i', '1', cell('2.2', 15, name), 'i', '4'],
        ...[cell('2.5', 1, name), 'i', '2', cell('2.5', 2, name), 'i', '42'],
        ...[cell('2.5', 6, name), 's', 'o', cell('2.5', 7, name), 's', event],
      )
    daemon.forget()
    await trigger('good', 'act')
    await boss(
      ...[cell('4.2', 3, 'bad'), 'x', '40', cell('4.2', 4, 'bad'), 'i', '1', cell('4.2', 5, 'bad'), 'i', '4'],
      ...[cell('4.4', 1, 'bad'), 'o', schedule(3, 'other'), cell('4.4', 3, 'bad'), 'i', '77'],
    )
    await trigger('wrong', 'bad')
    await boss(schedule(12, 'level'), 'i', '42')
    const seen = await daemon.saw(/(event o\/bad of trigger o\/wrong could not set[\s\S]*){2}/, 8000)
    assert.equal(count(seen, 5, 'wrong'), 2)
    await until(async () => (await get(schedule(12, 'other'))) === '77', 5000, 'the set')
    assert.match(seen, new RegExp(`\\${mte}\\.2\\.1\\.6\\.0 = INTEGER: 7`), 'wrongType')
    assert.equal(await get(`${mte}.1.4.1.0`), '1', 'mteEventFailures')
    const audit = appliance
      .log('audit.log')
      .split('\n')
      .filter((line) => line.includes('"this agent"'))
    assert.ok(
      audit.some((line) => /"securityName":"boss"/.test(line)),
      audit.join('\n'),
    )
  })
})
