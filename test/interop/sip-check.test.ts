/** What a start of sipd refuses, `sip check` says, and `sip restart` says while sipd still serves. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { makeHome, runBin, type TestHome } from '../support/appliance.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'

let at: TestHome
let text: string
let certificates: Certificates
let datagrams: Socket
let connections: Server
const sip = (command: string) => runBin('sip', [command, '--home', at.home.root])
const conf = (): string => join(at.home.conf, 'sipd', 'sipd.conf')
const inHome = (...parts: string[]): string => join(at.home.root, ...parts)

before(async () => {
  at = await makeHome()
  text = readFileSync(conf(), 'utf8')
  certificates = makeCertificates()
  datagrams = createSocket('udp4').bind(0, '127.0.0.1')
  await once(datagrams, 'listening')
  connections = createServer().listen(0, '127.0.0.1')
  await once(connections, 'listening')
  writeFileSync(inHome('no-program'), '#!/bin/sh\n', { mode: 0o600 })
  writeFileSync(inHome('no-pem'), 'nothing\n')
})
after(async () => {
  await sip('stop')
  datagrams.close()
  connections.close()
  rmSync(certificates.folder, { recursive: true, force: true })
  rmSync(at.home.root, { recursive: true, force: true })
})

const tls = (more: Readonly<Record<string, string>> = {}): string[] => {
  const files = {
    SipTlsCertificateFile: certificates.server.certificate,
    SipTlsCertificateKeyFile: certificates.server.key,
    SipTlsCACertificateFile: certificates.authority,
    ...more,
  }
  return ['SipTlsEnable On', ...Object.entries(files).map((words) => words.join(' '))]
}

interface Refused {
  readonly name: string
  readonly lines: () => readonly string[]
  /** What both say of it. */
  readonly says: RegExp
  /** Of the lines, which one is at fault, from 0; 0 unless said. */
  readonly at?: number
  readonly needsRoot?: true
}

const refused: readonly Refused[] = [
  { name: 'a value', lines: () => ['MaxForks 20'], says: /MaxForks is to be/ },
  {
    name: 'a format of the access log',
    lines: () => ['LogFormat "%q" common'],
    says: /%q at column 1 is no directive/,
  },
  {
    name: 'a format in CustomLog itself',
    lines: () => ['CustomLog logs/sipd/access_log "%h %{}i"'],
    says: /%\{\}i at column 4 is to name a header/,
  },
  {
    name: 'a key that is not there',
    lines: () => tls({ SipTlsCertificateKeyFile: '/no/key' }),
    says: /\/no\/key cannot be read/,
    at: 2,
  },
  {
    name: 'a key of another certificate',
    lines: () => tls({ SipTlsCertificateKeyFile: certificates.client.key }),
    says: /SipTlsCertificateKeyFile: .* cannot be used: .*key values mismatch/,
    at: 2,
  },
  {
    name: 'a certificate that is none',
    lines: () => tls({ SipTlsCertificateFile: 'no-pem' }),
    says: /no-pem cannot be used/,
    at: 1,
  },
  ...(['ErrorLog', 'CustomLog'] as const).flatMap((directive): Refused[] => [
    { name: `${directive} in no folder`, lines: () => [`${directive} no/folder/log`], says: /no\/folder/ },
    { name: `${directive} in place of a folder`, lines: () => [`${directive} conf`], says: /\/conf\b/ },
    {
      name: `${directive} to no program`,
      lines: () => [`${directive} "|no/program x"`],
      says: /no\/program/,
    },
    {
      name: `${directive} to what is not executable`,
      lines: () => [`${directive} "|${inHome('no-program')} x"`],
      says: /no-program/,
    },
    {
      name: `${directive} to no command`,
      lines: () => [`${directive} "|cat 'x"`],
      says: /quote at column \d+ is not closed/,
    },
  ]),
  { name: 'an address of no interface', lines: () => ['Listen 192.0.2.1:5060', 'User root'], says: /192\.0\.2\.1/ },
  {
    name: 'a port that another program has over UDP',
    lines: () => [`Listen 127.0.0.1:${datagrams.address().port}`],
    says: /udp 127\.0\.0\.1:\d+ is in use by PID \d+/,
  },
  {
    name: 'a port that another program has over TCP',
    lines: () => [`Listen 127.0.0.1:${portOf(connections)}`],
    says: /tcp 127\.0\.0\.1:\d+ is in use by PID \d+/,
  },
  {
    name: 'a port that another program has over TLS',
    lines: () => [...tls(), `SipTlsPort ${portOf(connections)}`],
    says: /tcp 127\.0\.0\.1:\d+ is in use by PID \d+/,
    at: 4,
  },
  {
    name: 'a user',
    lines: () => ['User nobody-of-that-name'],
    says: /there is no user nobody-of-that-name/,
    needsRoot: true,
  },
  { name: 'a group', lines: () => ['User 0', 'Group nobodies'], says: /there is no (user|group)/, needsRoot: true },
]

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function withLines(lines: readonly string[], run: (firstLine: number) => Promise<void>): Promise<void> {
  writeFileSync(conf(), `${text}${lines.join('\n')}\n`)
  try {
    await run(text.split('\n').length)
  } finally {
    writeFileSync(conf(), text)
  }
}

const isRoot = process.getuid?.() === 0

describe('what a start refuses', () => {
  for (const { name, lines, says, at: wrong = 0, needsRoot } of refused)
    test(
      `is found by sip check, with its line: ${name}`,
      { skip: needsRoot && !isRoot && 'only root gives up root' },
      () =>
        withLines(lines(), async (first) => {
          const started = await sip('start')
          assert.notEqual(started.code, 0, 'the start is refused')
          assert.match(started.err, says)
          const { code, out } = await sip('check')
          assert.equal(code, 1, out)
          assert.match(out, says)
          assert.match(out, new RegExp(`^sipd\\.conf:${first + wrong}:\\d+: `, 'm'))
        }),
    )

  test('is found: files that another user could change, and folders that are another user’s', {
    skip: !isRoot,
  }, async () => {
    chmodSync(conf(), 0o666)
    const [started, checked] = [await sip('start'), await sip('check')]
    chmodSync(conf(), 0o600)
    assert.deepEqual([started.code, checked.code], [4, 1])
    assert.match(started.err, /sipd\.conf can be (written|changed) by/)
    assert.match(checked.out, /sipd\.conf can be (written|changed) by/)
    const folder = inHome('data', 'sipd')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'file'), '')
    await withLines(['User 65534'], async () => {
      const run = async () => [await sip('check'), await sip('start')] as const
      const [check, start] = await run()
      assert.deepEqual([check.code, start.code], [1, 4], check.out + start.err)
    })
    chownSync(folder, 0, 0)
    rmSync(join(folder, 'file'))
  })
})

describe('what a start takes', () => {
  for (const command of ['rotatelogs', 'bin/rotatelogs'])
    test(`is good for sip check, and works: ErrorLog "|${command} ..."`, () =>
      withLines([`ErrorLog "|${command} logs/sipd/turned_log 86400"`], async () => {
        assert.match((await sip('check')).out, /is good/)
        const started = await sip('start')
        assert.equal(started.code, 0, started.err)
        assert.match((await sip('check')).out, /is good/, 'what sipd has itself is no complaint')
        assert.equal((await sip('stop')).code, 0)
      }))
})

describe('sip restart', () => {
  test('leaves a sipd alone that would not start again, and says why', async () => {
    assert.equal((await sip('start')).code, 0)
    const { out: before } = await sip('status')
    for (const { lines, says } of [refused[0]!, refused[1]!, refused[6]!])
      await withLines(lines(), async () => {
        const { code, err } = await sip('restart')
        assert.equal(code, 1)
        assert.match(err, says)
        assert.equal((await sip('status')).out.split('\n')[0], before.split('\n')[0], 'the same process')
      })
    assert.equal((await sip('restart')).code, 0)
    assert.notEqual((await sip('status')).out.split('\n')[0], before.split('\n')[0])
    appendFileSync(conf(), '\n')
  })
})
