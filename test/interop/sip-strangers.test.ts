import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Home, resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { NamespacePair } from '../support/namespace-pair.ts'
import { namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'
import type { Arrived, Task } from '../support/sip-stranger.ts'

const missing = namespaceMissing()
const wanted = needs('ip', 'nsenter', 'mount')
const sip = join(programRoot, 'bin', 'sip')
const stranger = join(programRoot, 'dist', 'test', 'support', 'sip-stranger.js')
const [host, peer] = ['10.77.0.1', '10.77.0.2'] as const
/** Of a network of their own. Of the second sipd the peer is in AllowRelay, the third has no state. */
const ports = { strict: 5060, relaying: 5070, stateless: 5080 } as const
const innerPort = 7000

/** A DNS that has one address for every name, and no answer for those of a silent zone; and a TCP service that prints what it gets. */
const helper = `
const dns = require('node:dgram').createSocket('udp4')
dns.on('message', (query, { port, address }) => {
  if (query.includes('silent')) return
  const head = Buffer.from(query.subarray(0, 12))
  head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(1, 6); head.writeUInt16BE(0, 8); head.writeUInt16BE(0, 10)
  const question = query.subarray(12, query.indexOf(0, 12) + 5)
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 77, 0, 2])
  dns.send(Buffer.concat([head, question, record]), port, address)
})
dns.bind(53, '127.0.0.1', () => require('node:net').createServer(() => console.log('connected')).listen(${innerPort}, '127.0.0.1', () => console.log('ready')))
`

let messageCount = 0
function message(method: string, uri: string, more: readonly string[] = [], to = '<sip:bob@example.test>'): string {
  const n = ++messageCount
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${peer}:PORT;branch=z9hG4bKs${n};rport`,
    'Max-Forwards: 70',
    'From: <sip:stranger@elsewhere.example>;tag=s',
    `To: ${to}`,
    `Call-ID: stranger-${n}`,
    `CSeq: 1 ${method}`,
    ...more,
    'Content-Length: 0',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** The last that a test sends, and whose answer comes after those of all before. */
const last = (): string => message('OPTIONS', 'sip:example.test', ['Timestamp: 1'], '<sip:example.test>')
const lastAnswer = 'Accept: application/sdp'

describe('what a machine beyond loopback can have of sipd', missing === undefined ? wanted : { skip: missing }, () => {
  let pair: NamespacePair
  let folder: string
  let inner = ''
  const homes: Home[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'castellan-strangers-'))
    pair = await NamespacePair.create()
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n')
    await pair.host.run('mount', '--bind', join(folder, 'resolv.conf'), '/etc/resolv.conf')
    const services = await pair.host.start(process.execPath, '-e', helper)
    services.stdout!.on('data', (chunk: Buffer) => (inner += chunk.toString()))
    for (const [name, lines] of [
      ['strict', []],
      ['relaying', [`AllowRelay ${peer}`]],
      ['stateless', [`AllowRelay ${peer}`, 'StatefulServer Off']],
    ] as const) {
      const home = resolveHome(join(folder, name))
      mkdirSync(join(home.conf, 'sipd'), { recursive: true, mode: 0o700 })
      const conf = [`Listen ${ports[name]}`, 'ProxyDomain example.test', 'User root', ...lines].join('\n')
      writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), `${conf}\n`, { mode: 0o600 })
      await pair.host.run(sip, 'start', '--home', home.root)
      homes.push(home)
    }
  })

  after(async () => {
    for (const home of homes) await pair.host.run(sip, 'stop', '--home', home.root).catch(() => {})
    await pair?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function send(
    port: number,
    texts: readonly string[],
    until: readonly string[] = [lastAnswer],
  ): Promise<readonly Arrived[]> {
    const task: Task = {
      from: peer,
      to: host,
      messages: texts.map((text) => ({ port, text })),
      until,
      withinMs: 15_000,
    }
    return JSON.parse(await pair.inPeer(process.execPath, stranger, JSON.stringify(task))) as Arrived[]
  }

  const startLines = (all: readonly Arrived[]): string[] => all.map(({ at, text }) => `${at} ${text.split('\r\n')[0]}`)
  const errorLog = (home: Home): string => readFileSync(join(home.root, 'logs', 'sipd', 'error_log'), 'utf8')

  test('is said when it starts', () => {
    assert.match(
      errorLog(homes[0]!),
      /other machines reach 0\.0\.0\.0:5060: anybody may register and call users of example\.test/,
    )
  })

  test('is nothing for others: a request for a third machine is 403, with and without a dialog, and an INVITE is not answered twice', async () => {
    const victim = `sip:x@${peer}:THIRD`
    const texts = [
      message('INVITE', victim),
      message('MESSAGE', victim),
      message('BYE', victim, [], '<sip:x@h>;tag=t'),
      message('ACK', victim, [], '<sip:x@h>;tag=t'),
      message('MESSAGE', 'sip:x@elsewhere.example', [`Route: <sip:${host}:5060;lr>`, `Route: <sip:${peer}:THIRD;lr>`]),
      last(),
    ]
    const forbidden = 'answer SIP/2.0 403 Forbidden'
    assert.deepEqual(startLines(await send(ports.strict, texts)), [
      ...Array(4).fill(forbidden),
      'answer SIP/2.0 200 OK',
    ])
  })

  test('is what AllowRelay gives it, and never this machine', async () => {
    const texts = [
      message('MESSAGE', `sip:x@127.0.0.1:${innerPort};transport=tcp`),
      message('MESSAGE', `sip:x@${host}:${innerPort};transport=tcp`),
      message('MESSAGE', `sip:x@${peer}:THIRD`),
      last(),
    ]
    const lines = startLines(await send(ports.relaying, texts, [lastAnswer, 'MESSAGE sip:x@10.77.0.2:']))
    assert.deepEqual(lines.filter((line) => line.endsWith('403 Forbidden')).length, 2)
    assert.ok(
      lines.some((line) => line.startsWith('third MESSAGE ')),
      lines.join('\n'),
    )
    assert.doesNotMatch(inner, /connected/)
  })

  test('is a fork of its own users, followed here, once', async () => {
    const users = Array.from({ length: 12 }, (_, i) => i)
    const registrations = users.map((user) => {
      const contacts = [1, 2, 3, 4, 5].map((n) => `<sip:u${(user + n) % 12}@example.test;n=${user * 5 + n}>`)
      return message('REGISTER', 'sip:example.test', [`Contact: ${contacts.join(', ')}`], `<sip:u${user}@example.test>`)
    })
    const lines = startLines(
      await send(ports.strict, [...registrations, message('OPTIONS', 'sip:u0@example.test'), last()]),
    )
    assert.deepEqual(lines.slice(12), ['answer SIP/2.0 482 Loop Detected', 'answer SIP/2.0 200 OK'])
  })

  test('is its own time with the DNS: a name that has an address is found while eight others are waited for', async () => {
    const silent = Array.from({ length: 8 }, (_, i) => message('MESSAGE', `sip:x@n${i}.silent.example`))
    const good = message('MESSAGE', 'sip:x@good.example:THIRD')
    const lines = startLines(await send(ports.relaying, [...silent, good], ['MESSAGE sip:x@good.example']))
    assert.deepEqual(lines.length, 1, lines.join('\n'))
  })

  test('is no worker: a port that is none costs a response its way', async () => {
    const workers = async (): Promise<string> => {
      const { workers: all } = JSON.parse(await pair.host.run(sip, 'status', '--json', '--home', homes[2]!.root)) as {
        workers: readonly { pid: number }[]
      }
      return all.map(({ pid }) => pid).join()
    }
    const pids = await workers()
    const response = [
      'SIP/2.0 200 OK',
      `Via: SIP/2.0/UDP ${host}:${ports.stateless};branch=z9hG4bKc.x.y`,
      `Via: SIP/2.0/UDP ${peer};branch=z9hG4bKz;rport=99999`,
      ...['From: <sip:a@h>;tag=1', 'To: <sip:b@h>;tag=2', 'Call-ID: c', 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''],
    ].join('\r\n')
    const lines = startLines(await send(ports.stateless, [...Array<string>(10).fill(response), last()]))
    assert.deepEqual(lines, ['answer SIP/2.0 200 OK'])
    assert.equal(await workers(), pids)
  })

  test('is not lost in a restart: the key of Record-Route is the same, and nobody else can read it', async () => {
    const { root } = homes[0]!
    const path = join(root, 'data', 'sipd', 'marks.key')
    const before = readFileSync(path, 'utf8')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    await pair.host.run(sip, 'restart', '--home', root)
    assert.equal(readFileSync(path, 'utf8'), before)
  })

  test('leaves a line in the audit log of sipd where it is an order, and none where it only asks', async () => {
    const { root } = homes[1]!
    await pair.host.run(sip, 'status', '--home', root)
    await pair.host.run(sip, 'graceful', '--home', root)
    const path = join(root, 'logs', 'sipd', 'audit.log')
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    const { order, over, by, status } = JSON.parse(lines[0]!) as Record<string, string>
    assert.deepEqual([order, over, status, lines.length], ['graceful', 'sipd.control', 'done', 1])
    assert.match(by!, /^uid \d+ or root$/)
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('leaves no bug in the log', () => {
    for (const home of homes) assert.doesNotMatch(errorLog(home), /\bbug\b/)
  })
})
