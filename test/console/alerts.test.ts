/** From a notification to a mail that somebody reads: one when it begins, one when it is over, and none too many. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { Alerting } from '../../console/alerting.ts'
import type { AlertConfig } from '../../console/alerts/config.ts'
import { always, parseHours } from '../../console/alerts/hours.ts'
import { Incidents } from '../../console/alerts/incident.ts'
import type { NotifiedEvent } from '../../console/history/event.ts'
import { EventHistory } from '../../console/history/events.ts'
import { openConsoleDatabase } from '../../console/store/open.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'
import { headerOf, TestSmtp } from '../support/smtp.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-alerts-'))
after(() => rmSync(folder, { recursive: true }))

const minuteMs = 60_000
/** A Wednesday at noon, in local time. */
const noon = new Date(2026, 0, 7, 12).getTime()

const rule = {
  name: 'all',
  notification: '*',
  about: '',
  severity: 'asIs',
  hours: always,
  to: ['mail:ops@example.com'],
  remindMinutes: 0,
  escalateMinutes: 0,
  escalateTo: [],
} as const

let files = 0
const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0)) await stop()
})

async function start(
  changes: Partial<AlertConfig> = {},
  path = join(folder, `${++files}.sqlite`),
  smtp = new TestSmtp(),
) {
  const port = await smtp.start()
  const clock = new ManualClock(noon)
  const database = openConsoleDatabase(path)
  const config: AlertConfig = {
    rules: [rule],
    mailServer: { host: '127.0.0.1', port, security: 'none', user: undefined, passwordFile: undefined },
    mailFrom: 'castellan@example.com',
    quiet: undefined,
    limit: { messages: 20, spanMs: 10 * minuteMs },
    digest: undefined,
    webhooks: [],
    heartbeat: undefined,
    ...changes,
  }
  const alerting = new Alerting({ home: resolveHome(folder), config, database, clock, log: silentLog })
  alerting.start()
  const history = new EventHistory(database)
  let index = history.lastIndex
  const stop = async (): Promise<void> => {
    await alerting.stop()
    database.close()
    await smtp.stop()
  }
  running.push(stop)
  return {
    alerting,
    clock,
    smtp,
    incidents: () => new Incidents(database).openOrSince(0),
    notify(...events: Omit<NotifiedEvent, 'logIndex' | 'atMs' | 'oid'>[]): void {
      history.add(events.map((event) => ({ ...event, oid: '1.3', logIndex: ++index, atMs: clock.now() })))
      alerting.onEvents()
    },
    mails: (count: number) => until(() => smtp.mails.length >= count, 5000, `mail ${count}, of ${smtp.mails.length}`),
    subjects: () => smtp.mails.map((mail) => headerOf(mail, 'Subject')?.replace(/^\[.*?\] /, '')),
  }
}

const hot = (name: string, text: string) => ({ name: `${name}.0`, oid: '1.3', text })
const threshold = (name: 'mteTriggerRising' | 'mteTriggerFalling', object: string, value: number) => ({
  name,
  sentence: `processor load: ${object} is ${value}`,
  objects: [hot('mteHotTrigger', 'castellan processor'), hot('mteHotOID', object), hot('mteHotValue', String(value))],
})
const rise = (object = 'hrProcessorLoad.1') => threshold('mteTriggerRising', object, 97)
const fall = (object = 'hrProcessorLoad.1') => threshold('mteTriggerFalling', object, 12)

test('a crossing and its recovery are one incident and two mails, the second an answer to the first', async () => {
  const { notify, mails, subjects, smtp, clock, incidents } = await start()
  notify(rise())
  await mails(1)
  notify(rise())
  clock.advance(90 * minuteMs)
  notify(fall())
  await mails(2)
  assert.deepEqual(subjects(), [
    'Alarm: processor load: hrProcessorLoad.1 is 97',
    'Over: processor load: hrProcessorLoad.1 is 12',
  ])
  const [first, second] = smtp.mails
  assert.equal(headerOf(second!, 'In-Reply-To'), headerOf(first!, 'Message-ID'))
  assert.equal(headerOf(first!, 'Auto-Submitted'), 'auto-generated')
  assert.match(second!.raw, /90 min/)
  const [incident, ...more] = incidents()
  assert.deepEqual(more, [])
  assert.deepEqual([incident?.repeats, incident?.endedMs], [1, noon + 90 * minuteMs])
})

test('two objects are two incidents, and what has no end is told once', async () => {
  const { notify, mails, subjects } = await start()
  notify(rise('hrProcessorLoad.1'), rise('hrProcessorLoad.2'), fall('hrProcessorLoad.2'), {
    name: 'siLogMatchFound',
    sentence: 'error_log has a line that matches',
    objects: [],
  })
  await mails(2)
  assert.deepEqual(subjects(), [
    'Alarm: processor load: hrProcessorLoad.1 is 97',
    'Alarm: error_log has a line that matches',
  ])
})

test('a server that is away gets each mail once when it is back, also after the console was killed', async () => {
  const path = join(folder, 'away.sqlite')
  const first = await start({ mailServer: { ...noServer } }, path)
  first.notify(rise())
  await until(() => first.incidents().length === 1, 5000)
  await new Promise((resolve) => setImmediate(resolve))
  for (const stop of running.splice(0)) await stop()
  const second = await start({}, path)
  second.clock.advance(3_600_000)
  second.alerting.onEvents()
  await second.mails(1)
  second.clock.advance(3_600_000)
  second.alerting.onEvents()
  assert.deepEqual(second.subjects(), ['Alarm: processor load: hrProcessorLoad.1 is 97'])
})
/** Port 1 of loopback: nobody listens there. */
const noServer = { host: '127.0.0.1', port: 1, security: 'none', user: undefined, passwordFile: undefined } as const

test('during maintenance nobody is told; what is over by its end never is, and what is not is told then', async () => {
  const { alerting, clock, notify, mails, subjects } = await start()
  alerting.maintain(clock.now() + 60 * minuteMs)
  notify(rise('hrProcessorLoad.1'), rise('hrProcessorLoad.2'))
  clock.advance(30 * minuteMs)
  notify(fall('hrProcessorLoad.1'))
  clock.advance(31 * minuteMs)
  alerting.onEvents()
  await mails(1)
  assert.deepEqual(subjects(), ['Alarm: processor load: hrProcessorLoad.2 is 97'])
})

test('quiet hours keep all but what is grave until they are over', async () => {
  const quiet = { hours: parseHours('11:00-13:00')!, but: 'critical' } as const
  const { alerting, clock, notify, mails, subjects } = await start({ quiet })
  notify(rise(), { name: 'critAppNotAllRunning', sentence: 'sipd ended', objects: [hot('critAppProcName', 'sipd')] })
  await mails(1)
  clock.advance(61 * minuteMs)
  alerting.onEvents()
  await mails(2)
  assert.deepEqual(subjects(), ['Alarm: sipd ended', 'Alarm: processor load: hrProcessorLoad.1 is 97'])
})

test('what comes and goes is told of until it flaps, and over when it stays so', async () => {
  const { alerting, clock, notify, mails, subjects, incidents } = await start()
  for (let i = 0; i < 20; i++) {
    notify(rise())
    if (i < 3) await mails(2 * i + 1)
    clock.advance(minuteMs)
    notify(fall())
    if (i < 3) await mails(2 * i + 2)
    else await mails(7)
    clock.advance(minuteMs)
  }
  clock.advance(16 * minuteMs)
  alerting.onEvents()
  await mails(8)
  clock.advance(60 * minuteMs)
  alerting.onEvents()
  assert.equal(subjects().length, 8)
  assert.match(subjects()[6]!, /^Comes and goes/)
  assert.match(subjects().at(-1)!, /^Over/)
  assert.equal(incidents().length, 3)
  assert.ok(incidents().at(-1)!.flaps > 10)
})

test('a storm is so many mails as the limit says, and one that has the others', async () => {
  const { alerting, clock, notify, mails, smtp, incidents } = await start({
    limit: { messages: 3, spanMs: 10 * minuteMs },
  })
  for (let i = 0; i < 1000; i++) notify(rise(`hrProcessorLoad.${i}`))
  await mails(3)
  clock.advance(10 * minuteMs)
  alerting.onEvents()
  await mails(4)
  assert.equal(incidents().length, 1000)
  assert.match(headerOf(smtp.mails[3]!, 'Subject')!, /1000 incidents within 10 minutes/)
})

test('who is not acknowledged is reminded and then escalated; an acknowledgement ends both', async () => {
  const rules = [{ ...rule, remindMinutes: 30, escalateMinutes: 45, escalateTo: ['mail:chief@example.com'] }]
  const { alerting, clock, notify, mails, smtp } = await start({ rules })
  notify(rise())
  await mails(1)
  clock.advance(31 * minuteMs)
  alerting.onEvents()
  await mails(2)
  clock.advance(15 * minuteMs)
  alerting.onEvents()
  await mails(3)
  assert.deepEqual(
    smtp.mails.map(({ to }) => to[0]),
    ['ops@example.com', 'ops@example.com', 'chief@example.com'],
  )
  alerting.acknowledge(1, 'looking')
  clock.advance(24 * 60 * minuteMs)
  alerting.onEvents()
  assert.equal(smtp.mails.length, 3)
  assert.throws(() => alerting.acknowledge(99, undefined), /there is no incident 99/)
})

test('a recipient that is refused is an incident of its own, and is not tried for ever', async () => {
  const smtp = new TestSmtp()
  smtp.refuse = (recipient) => (recipient.startsWith('gone') ? { code: 550, text: 'no such user' } : undefined)
  const rules = [{ ...rule, to: ['mail:gone@example.com', 'mail:ops@example.com'] }]
  const { notify, mails, subjects, incidents } = await start({ rules }, undefined, smtp)
  notify(rise())
  await mails(2)
  assert.match(subjects().at(-1)!, /mail to gone@example\.com by .* 550 no such user/)
  assert.equal(incidents().length, 2)
})

test('an agent that does not answer for a minute is an incident, and ends with its answer', async () => {
  const { alerting, clock, mails, subjects } = await start()
  alerting.onAgent(false)
  clock.advance(30_000)
  alerting.onAgent(true)
  alerting.onAgent(false)
  clock.advance(61_000)
  await mails(1)
  alerting.onAgent(true)
  await mails(2)
  assert.deepEqual(subjects(), ['Alarm: the agent has not answered for 60 s', 'Over: the agent answers again'])
})

test('texts of others arrive as text: no header, no line, no tag and no control comes of them', async () => {
  const { notify, mails, smtp } = await start()
  const evil = 'x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>\u0000\u001b[31m\u2028\u202e&"\'💥'
  notify({ name: 'siLogMatchFound', sentence: evil.repeat(200), objects: [] })
  await mails(1)
  const [mail] = smtp.mails
  assert.equal(headerOf(mail!, 'Bcc'), undefined)
  assert.deepEqual(mail!.to, ['ops@example.com'])
  const decoded = decodeQuotedPrintable(mail!.raw)
  assert.ok(!decoded.includes('<script>') || decoded.indexOf('<script>') < decoded.indexOf('<!doctype html>'))
  assert.match(decoded.slice(decoded.indexOf('<!doctype html>')), /&#60;script&#62;/)
  assert.doesNotMatch(decoded, /[\u0000\u001b\u2028\u202e]/)
  assert.ok((headerOf(mail!, 'Subject') ?? '').length < 1500)
})

function decodeQuotedPrintable(text: string): string {
  const octets = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(octets, 'latin1').toString('utf8')
}
