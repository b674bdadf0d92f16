import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openRing, samplesPath } from '../../subagents/event/samples/read.ts'
import { Appliance, makeHome, passphrase, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const octets = (text: string): string => [...Buffer.from(text)].join('.')
/** An interval of a schedule: anybody with rights may set it, and nothing comes of it. */
const interval = `.1.3.6.1.2.1.63.1.2.1.4.1.111.5.${octets('level')}`
/** A column of castellanEventInstanceEntry for it, whose trigger is `o/level`. */
const instance = (column: number): string =>
  `.1.3.6.1.4.1.32473.12.88.1.2.1.${column}.1.111.5.${octets('level')}${interval}`
const rows = (
  falling: number,
): string => `mteTriggerEntry o level "" 20 absoluteValue ${interval.slice(1)} false - - false 1 - - true active
mteTriggerThresholdEntry rising 75 ${falling} 0 0 - - o tell o tell - - - - o level
mteTriggerEntry o off "" 20 absoluteValue sysUpTime.0 false - - false 1 - - false active
mteTriggerThresholdEntry rising 75 20 0 0 - - o tell o tell - - - - o off
mteTriggerEntry o hidden "" 40 absoluteValue 1.3.6.1.4.1.32473.99.7.0 false - - false 1 - - true active
mteTriggerBooleanEntry equal 1 true - - o tell o hidden
mteEventEntry tell "" 80 true active o
mteEventNotificationEntry 0.0 - - o tell
`
let appliance: Appliance

describe('recorded samples, with a real agent and Net-SNMP', needs('snmpset', 'snmpget'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { home } = appliance.at
    assert.equal((await appliance.castellan('user', 'add', 'boss', '--group', 'admin')).code, 0)
    const edit = (file: string, lines: string): void => {
      const path = join(home.conf, file)
      writeFileSync(path, `${readFileSync(path, 'utf8')}${lines}`)
    }
    edit('agent/snmpd.cnf', 'vacmViewTreeFamilyEntry watch schedInterval - included nonVolatile\n')
    edit('agent/schedule.cnf', 'schedEntry o level - 10 - - - - - - sysContact.0 0 periodic disabled nonVolatile\n')
    writeFileSync(join(home.conf, 'agent/eventagt.cnf'), rows(70))
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
  })
  after(() => appliance.stop())

  const get = async (oid: string): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, oid])).out.trim().replaceAll('"', '')
  const set = async (value: number): Promise<void> => {
    const security = ['-a', 'SHA-256', '-A', passphrase.auth, '-x', 'AES', '-X', passphrase.priv]
    const args = ['-v3', '-l', 'authPriv', '-u', 'boss', ...security, appliance.at.snmp, interval, 'u', String(value)]
    assert.equal((await netsnmp('snmpset', args)).code, 0)
    await until(async () => (await get(instance(2))) === String(value), 12_000, `a sample of ${value}`)
  }
  const list = async () => {
    const { code, out, err } = await appliance.castellan('events', 'list', '--json')
    assert.equal(code, 0, err)
    return JSON.parse(out) as Record<string, unknown>[]
  }
  const trial = async (...args: string[]) => {
    const { code, out, err } = await appliance.castellan('events', 'test', '--json', ...args)
    assert.equal(code, 0, err)
    return JSON.parse(out).triggers as {
      readonly trigger: string
      readonly samples: number
      readonly counts: Record<string, number>
      readonly flapping?: {
        readonly risings: number
        readonly advice: { readonly falling: number; readonly risings: number }
      }
    }[]
  }
  const samples = () => [...openRing(samplesPath(appliance.at.home))()]

  test('castellan events list agrees with snmpget; what is off says so and is last, what rose is first', async () => {
    await set(10)
    const [level, hidden, off] = await list()
    assert.deepEqual(
      [level, hidden, off].map((one) => [one!.name, one!.attention]),
      [
        ['level', 'armed'],
        ['hidden', 'waiting'],
        ['off', 'off'],
      ],
    )
    assert.equal(level!.value, await get(instance(2)))
    assert.equal(level!.distance, Number(await get(instance(3))))
    assert.equal(hidden!.state, 'absent')
    assert.match(
      (await appliance.castellan('events')).out,
      /^o\/level +schedInterval\S+ +10 +rising 75, falling 70\n +65 below 75 +armed +\d+ s ago$/m,
    )
    await set(81)
    const { out } = await appliance.castellan('events', 'list')
    assert.match(out, /^o\/level .* 81 .*\n +11 above 70 +above since \d{4}-\S+Z +\d+ s ago\n/)
    assert.match(out, /\no\/off +sysUpTime\.0 .* off\n$/)
  })

  test('castellan events test says what the agent told meanwhile, and a falling threshold that would have ended the flapping', async () => {
    for (const value of [60, 82, 66, 83, 62, 80, 15]) await set(value)
    const fired = await get(instance(6))
    // The samples of the last seconds are not written yet.
    await until(
      () => samples().some(({ value }) => typeof value === 'object' && 'value' in value && value.value === 15),
      12_000,
      'the last sample',
    )
    const [found] = await trial('level')
    assert.deepEqual(found!.counts, { rising: 4, falling: 4 })
    assert.equal(fired, '8', 'castellanEventInstanceFired')
    assert.equal(found!.flapping!.risings, 4)
    const { falling, risings } = found!.flapping!.advice
    assert.ok(
      (falling >= 62 && falling <= 65 && risings === 3) || (falling < 62 && risings <= 2),
      `${falling}: ${risings}`,
    )
    const text = (await appliance.castellan('events', 'test', 'o/level')).out
    assert.ok(
      text.includes(`within an hour; falling at ${falling} instead of 70 leaves ${risings} of 4 crossings`),
      text,
    )
    const draft = join(appliance.at.home.root, 'draft.cnf')
    writeFileSync(draft, rows(falling))
    const followed = await trial('--file', draft)
    const level = followed.find(({ trigger }) => trigger === 'o/level')
    assert.equal(level!.counts.rising, risings)
    assert.equal(level!.flapping, undefined)
    assert.deepEqual(
      followed.map(({ trigger }) => trigger),
      ['o/hidden', 'o/level'],
      'what is off is not tried unless it is named',
    )
    writeFileSync(draft, 'mteTriggerEntry nonsense\n')
    const broken = await appliance.castellan('events', 'test', '--file', draft)
    assert.equal(broken.code, 1)
    assert.match(broken.err, /draft\.cnf:1:/)
  })

  test('kill -9 costs at most the last batch, and the next agent goes on behind what is there', async () => {
    assert.equal(statSync(samplesPath(appliance.at.home)).mode & 0o777, 0o600)
    await appliance.stopAgent('SIGKILL')
    const killedMs = Date.now()
    const kept = samples()
    assert.ok(killedMs - kept.at(-1)!.timeMs < 8000, 'batches of five seconds, and a sample each second')
    assert.equal(new Set(kept.map(({ runMs }) => runMs)).size, 1)
    for (const [at, { timeMs }] of kept.entries()) assert.ok(at === 0 || timeMs >= kept[at - 1]!.timeMs)
    const unanswered = await appliance.castellan('events', 'list')
    assert.equal(unanswered.code, 3, unanswered.err)
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    await until(async () => /^\d+$/.test(await get(instance(2))), 12_000, 'a sample')
    await appliance.stopAgent()
    const stoppedMs = Date.now()
    const all = samples()
    assert.deepEqual(all.slice(0, kept.length), kept)
    assert.equal(new Set(all.map(({ runMs }) => runMs)).size, 2)
    assert.ok(stoppedMs - all.at(-1)!.timeMs < 3000, 'a stop writes what waits')
  })
})
