/** What every launcher in bin/ and every command of theirs shows of values that others have chosen: nothing that steers a terminal. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Incidents } from '../../console/alerts/incident.ts'
import { stepsOf } from '../../console/alerts/kinds.ts'
import { EventHistory } from '../../console/history/events.ts'
import { SampleHistory } from '../../console/history/samples.ts'
import { consoleDatabasePath, openConsoleDatabase } from '../../console/store/open.ts'
import { writePidFile } from '../../lib/files/pid-file.ts'
import { listenForControl } from '../../lib/process/control.ts'
import { programRoot } from '../../lib/program-root.ts'
import { oid } from '../../lib/smi/oid.ts'
import { encodeCommunityMessage } from '../../snmp/message/community-message.ts'
import { writePdu } from '../../snmp/message/pdu.ts'
import { varbindsV2 } from '../../snmp/notification.ts'
import { Appliance, makeHome, runBin, until } from '../support/appliance.ts'
import { hostile, inCnf, steers } from '../support/hostile.ts'
import { StandIn } from '../support/stand-in.ts'

let appliance: Appliance
let standIn: StandIn
const home = (): string[] => ['--home', appliance.at.home.root]
const snmp = (): string => appliance.at.snmp
const errorLog = (): string => join(appliance.at.home.logs, 'sipd', 'error_log')

before(async () => {
  appliance = new Appliance(await makeHome())
  const { conf } = appliance.at.home
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(join(conf, file), change(readFileSync(join(conf, file), 'utf8')))
  const text = inCnf(hostile)
  edit('agent/snmpd.cnf', (shipped) =>
    [
      shipped.replace(/^sysContact .*$/m, `sysContact ${text}`).replace(/^sysLocation .*$/m, `sysLocation ${text}`),
      `usmUserEntry localSnmpID ${inCnf('\u001b[31m\n\u202e')} none none nonVolatile - - -`,
      `vacmSecurityToGroupEntry usm ${inCnf('\u001b[31m\n\u202e')} readPriv nonVolatile`,
      '',
    ].join('\n'),
  )
  edit('subagents/critagt.cnf', () => `critAppProcEntry 7 ${text} - - down false 300 true true true\n`)
  edit('agent/eventagt.cnf', (shipped) =>
    shipped.replaceAll('castellan processor', `castellan ${inCnf('\u001b[31m\n\u202e\u009b')}`),
  )
  edit('sipd/sipd.conf', (shipped) => `${shipped}Evil${hostile.replaceAll(/[\r\n]/g, '')} yes\n`)
  rememberHostile()
  writeFileSync(errorLog(), `${hostile.replaceAll(/[\r\n]/g, '')}\n`)
  assert.equal(await appliance.start(), undefined, appliance.output)
  await listenForControl(join(appliance.at.home.run, 'sipd', 'sipd.ctl'), async ([word]) =>
    word === 'status' ? JSON.stringify({ generation: 1, state: hostile, workers: [worker] }) : items(word === 'calls'),
  ).then((server) => server.unref())
  standIn = await StandIn.start({ called: 'sipd', home: appliance.at.home.root })
  await writePidFile(join(appliance.at.home.run, 'sipd', 'sipd.pid'), standIn.process)
})
/** As if an agent had notified it, and a MIB named it. */
function rememberHostile(): void {
  const database = openConsoleDatabase(consoleDatabasePath(appliance.at.home))
  const object = { name: hostile, oid: '1.3', text: hostile }
  const event = { logIndex: 1, atMs: Date.now(), oid: '1.3', name: hostile, sentence: hostile, objects: [object] }
  new EventHistory(database).add([event, { ...event, logIndex: 2, sentence: undefined }])
  const incidents = new Incidents(database)
  const [step] = stepsOf(event).begins
  if (step) incidents.begin(step, event, { rule: hostile, severity: 'major' })
  const sample = { oid: '1.3', name: hostile, kind: 'gauge', value: 1 } as const
  new SampleHistory(database).add(Date.now(), [sample])
  database.close()
}

after(async () => {
  await standIn.end()
  await rm(join(appliance.at.home.run, 'sipd', 'sipd.pid'), { force: true })
  await standIn.end()
  await appliance.stop()
})

const worker = { pid: 1, generation: 1, state: hostile, transactions: 1, bindings: 1, calls: 1, rssOctets: 1 }
const contact = { contact: hostile, q: 1, expiresInSeconds: 1, flow: null, path: [hostile], userAgent: hostile }

async function* items(isCalls: boolean): AsyncGenerator<string> {
  const call = { state: 'established', callId: hostile, from: hostile, to: hostile, seconds: 1 }
  yield JSON.stringify(isCalls ? call : { addressOfRecord: hostile, contacts: [contact] })
}

/** Commands that show values of others, with how they are made to. What is quiet shows names of the home and PIDs alone. */
const driven: Readonly<Record<string, () => readonly (readonly string[])[]>> = {
  getone: () => [[snmp(), 'public', 'sysContact', 'sysLocation']],
  getnext: () => [[snmp(), 'public', 'sysUpTime.0']],
  getmany: () => [[snmp(), 'public', 'system']],
  getbulk: () => [[snmp(), 'public', '0', '9', 'system']],
  setany: () => [
    [snmp(), 'cspsAdmin', 'sysContact', hostile],
    [snmp(), 'cspsAdmin', hostile, hostile],
  ],
  'castellan access': () => [['access', 'public', 'sysContact', '--context', hostile, ...home()]],
  'castellan apps': () => [
    ['apps', ...home()],
    ['apps', 'stop', hostile, ...home()],
  ],
  'castellan check': () => [['check', ...home()]],
  'castellan events': () => [
    ['events', ...home()],
    ['events', 'test', ...home()],
  ],
  'castellan history': () => [
    ['history', ...home()],
    ['history', '1.3', ...home()],
  ],
  'castellan notifications': () => [['notifications', ...home()]],
  'castellan incidents': () => [
    ['incidents', ...home()],
    ['incidents', 'ack', hostile, ...home()],
  ],
  'castellan alerts': () => [['alerts', 'test', ...home()]],
  'castellan maintenance': () => [['maintenance', hostile, ...home()]],
  'castellan logs': () => [
    ['logs', 'error_log', '--no-follow', ...home()],
    ['logs', 'test', 'a', errorLog()],
    ['logs', hostile, '--no-follow', ...home()],
    ['logs', 'list', ...home()],
  ],
  'castellan reload': () => [['reload', ...home()]],
  'castellan rotate': () => [['rotate', hostile, ...home()]],
  'castellan user': () => [['user', 'list', ...home()]],
  'castellan restart': () => [['restart', hostile, ...home()]],
  'castellan init': () => [['init', '--home', join(appliance.at.home.root, `x\u001b[31m`)]],
  'castellan status': () => [['status', ...home()]],
  'castellan targets': () => [['targets', ...home()]],
  'sip registrations': () => [['registrations', ...home()]],
  'sip calls': () => [['calls', ...home()]],
  'sip status': () => [['status', ...home()]],
  'sip config': () => [['config', ...home()]],
  'sip check': () => [['check', ...home()]],
  'sip ping': () => [['ping', '--uri', 'sip:127.0.0.1:PORT', '--timeout', '20']],
  traprcv: () => [], // below
  ciagent: () => [['-status', ...home()], [hostile]],
  csps_ciagent_ctl: () => [['status', ...home()], [hostile]],
  rotatelogs: () => [['log', hostile]],
  utils: () =>
    [
      ['backup', hostile],
      ['device', 'list'],
      ['schedule', 'run', hostile],
      ['device', 'add', hostile],
      ['history'],
    ].map((words) => ['disaster_recovery', ...words, ...home()]),
  'castellan-restore': () => [['--from', '/', '--recovery', `/${hostile}`, '--fingerprint', hostile, ...home()]],
}
const quiet = [
  ...['castellan start', 'castellan stop', 'castellan units', 'castellan help', 'setup', 'sip help'],
  ...['sip start', 'sip stop', 'sip restart', 'sip graceful', 'sip txngraceful-restart'],
]
/** Whose values here are files' own, or nobody's: they are guarded all the same. */
const unseen = new Set([
  ...['castellan alerts'],
  'castellan status',
  'castellan targets',
  'ciagent',
  'csps_ciagent_ctl',
  'rotatelogs',
])
/** With `--json`, what is printed is what was there, to the last character. */
const withJson: Readonly<Record<string, boolean>> = {
  ...{ getone: true, getnext: true, getmany: true, getbulk: true, 'castellan logs': false, 'castellan apps': true },
  ...{
    'castellan events': false,
    'castellan user': false,
    'sip registrations': true,
    'sip calls': true,
    'castellan notifications': true,
    'castellan incidents': true,
  },
  ...{ 'sip status': true, 'castellan check': false, 'castellan access': false },
}

test('every launcher in bin/ and every command of castellan and sip is known to this test', async () => {
  const launchers = readdirSync(join(programRoot, 'bin'))
  const ofCastellan = [...(await runBin('castellan', ['--help'])).out.matchAll(/^ {2}([a-z][\w-]*)/gm)]
  const ofSip = [...(await runBin('sip', ['--help'])).out.matchAll(/^ {2}([a-z][\w-]*)/gm)]
  const found = [
    ...launchers.filter((name) => name !== 'castellan' && name !== 'sip'),
    ...ofCastellan.map(([, name]) => `castellan ${name}`),
    ...ofSip.map(([, name]) => `sip ${name}`),
  ]
  assert.deepEqual(found.sort(), [...Object.keys(driven), ...quiet].sort())
  for (const name of launchers.filter((one) => one !== 'setup'))
    assert.match(readFileSync(join(programRoot, 'bin', name), 'utf8'), /await runCommand\('/, `${name} is guarded`)
})

function assertHarmless(name: string, { out, err }: { readonly out: string; readonly err: string }): void {
  const all = `${out}${err}`
  assert.ok(!steers(all), `${name}: ${JSON.stringify(all)}`)
  assert.doesNotMatch(all, /^FORGED/m, name)
}

// Each is a process of its own, and they do not know each other.
describe('hostile values', { concurrency: 4 }, () => {
  for (const [name, invocations] of Object.entries(driven))
    test(`${name} shows hostile values without a control among them`, async () => {
      const program = name.split(' ')[0]!
      const responder = name === 'sip ping' ? await hostileSipServer() : undefined
      try {
        for (const [i, args] of invocations().entries()) {
          const words = args.map((word) => word.replace('PORT', String(responder?.port)))
          const ended = await runBin(program, words)
          assertHarmless(name, ended)
          // So that it is seen to have met one.
          if (i === 0 && !unseen.has(name)) assert.match(`${ended.out}${ended.err}`, /\\(?:x1b|u001b|x9b)/, name)
          if (i > 0 || !(name in withJson)) continue
          const json = await runBin(program, [...words, '--json'])
          assertHarmless(`${name} --json`, json)
          const lines = json.out.trim().split('\n')
          const values = lines.flatMap((line) => stringsIn(JSON.parse(line)))
          if (withJson[name]) assert.ok(values.includes(hostile), `${name} --json: ${json.out}${json.err}`)
        }
      } finally {
        responder?.close()
      }
    })
})

test('traprcv shows a trap of anybody without a control of theirs, as text and as JSON', async () => {
  const sysContact = {
    name: oid('1.3.6.1.2.1.1.4.0'),
    value: { type: 'OctetString', value: Buffer.from(hostile) },
  } as const
  const unknown = { ...sysContact, name: oid('1.3.6.1.4.1.99999.1.0') }
  const message = { trapOid: oid('1.3.6.1.6.3.1.1.5.1'), upTimeTicks: 1, varbinds: [sysContact, unknown] }
  const trap = encodeCommunityMessage('v2c', Buffer.from('public'), (out) =>
    writePdu(out, 'trapV2', 1, varbindsV2(message)),
  )
  for (const options of [[], ['--json']]) {
    const child = spawn(join(programRoot, 'bin', 'traprcv'), [...options, '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    const port = (): number => Number(/waiting on 127\.0\.0\.1:(\d+)/.exec(err)?.[1] ?? 0)
    await until(() => port() > 0, 10_000, 'traprcv')
    const socket = createSocket('udp4')
    socket.send(trap, port(), '127.0.0.1')
    await until(() => /99999[^\n]*\n/.test(out), 10_000, 'the trap')
    socket.close()
    child.kill('SIGTERM')
    await once(child, 'exit')
    assertHarmless(`traprcv ${options.join(' ')}`, { out, err })
    if (options.length > 0) assert.ok(stringsIn(JSON.parse(out)).includes(hostile), out)
    else assert.match(out, /sysContact\.0 = a\\x1b\[31mb\\x1b\]0;owned\\x07c\\x9b2Jd\\r\\nFORGED/)
  }
})

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []
}

/** Answers each request with the headers it needs and a reason phrase that is meant to harm. */
async function hostileSipServer() {
  const socket = createSocket('udp4')
  socket.on('message', (octets, { address, port }) => {
    const kept = octets
      .toString('latin1')
      .split('\r\n')
      .filter((line) => /^(?:Via|v|From|f|To|t|Call-ID|i|CSeq):/i.test(line))
      .map((line) => (/^(?:To|t):/i.test(line) ? `${line};tag=1` : line))
    // With a control of C0 it would be no message (RFC 3261 §25.1).
    const reason = hostile.replaceAll(/[\u0000-\u001f\u007f]/g, '')
    socket.send(`SIP/2.0 200 ${reason}\r\n${kept.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, close: () => socket.close() }
}
