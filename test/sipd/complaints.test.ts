/** What sip, rotatelogs and the reader of sipd.conf say of what they cannot take: each trigger, and the whole message. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ExitCode } from '../../lib/cli/exit-codes.ts'
import { initializeHome, resolveHome } from '../../lib/home/home.ts'
import { parseConfig } from '../../sipd/config/parse.ts'
import { parsePersistentTcp } from '../../sipd/config/persistent-tcp.ts'
import { main as sip } from '../../sipd/control/main.ts'
import { parseInvocation } from '../../sipd/log/rotatelogs/arguments.ts'
import { messageIn, runInProcess } from '../support/run-in-process.ts'

describe('sip', () => {
  const root = join(mkdtempSync(join(tmpdir(), 'messages-')), 'home')
  before(() => initializeHome(resolveHome(root), 0))
  after(() => rmSync(join(root, '..'), { recursive: true, force: true }))
  const rows: readonly (readonly [trigger: string, code: ExitCode, message: string])[] = [
    ['ping --tcp --tls', 2, 'sip: --tcp and --tls exclude each other; leave one out'],
    ['ping --ca x --fingerprint y', 2, 'sip: --ca and --fingerprint exclude each other; leave one out'],
    ['ping --fingerprint 00', 2, 'sip: --fingerprint must be the 32 octets of SHA-256 in hexadecimal, got 00'],
    [
      'ping --ca /no/such/file',
      2,
      "sip: cannot read --ca /no/such/file: ENOENT: no such file or directory, open '/no/such/file'",
    ],
    ['ping --uri 192.0.2.1', 2, 'sip: --uri must be such as sip:127.0.0.1:5060 or sips:example.test, got 192.0.2.1'],
    ['ping --uri sips:192.0.2.1 --tcp', 2, 'sip: sips:192.0.2.1 needs TLS; leave out --tcp and transport=udp'],
    ['ping --tls', 2, 'sip: SipTlsEnable is Off in sipd.conf; name another server with --uri'],
    ['txngraceful-restart soon 1', 2, 'sip: <seconds> must be within 0..3600, got soon'],
    ['txngraceful-restart 5 3', 2, 'sip: expected 1 (answer 503) or 2 (answer nothing), got 3'],
    ['graceful', 1, `sipd does not run in ${root}; start it with: sip start`],
  ]
  for (const [trigger, code, message] of rows)
    test(`sip ${trigger}`, async () => {
      const ended = await runInProcess(() => sip([...trigger.split(' '), '--home', root]))
      assert.deepEqual([ended.code, messageIn(ended)], [code, message])
    })
  test('sip check and sip config of a sipd.conf with a mistake', async () => {
    const path = join(root, 'conf', 'sipd', 'sipd.conf')
    writeFileSync(path, 'MaxForks 20\n', { mode: 0o600 })
    const ended = await runInProcess(() => sip(['config', '--home', root]))
    assert.equal(messageIn(ended), 'sipd.conf:1:10: MaxForks must be a whole number within 1..6, got "20"')
    writeFileSync(path, 'SipTlsEnable On\nSipTlsCertificateFile /no/such\nSipTlsCertificateKeyFile /no/such\n', {
      mode: 0o600,
    })
    const ping = await runInProcess(() => sip(['ping', '--tls', '--home', root]))
    assert.match(messageIn(ping), /^sipd\.conf:2:1: SipTlsCertificateFile: \/no\/such cannot be read: ENOENT/)
  })
})

describe('rotatelogs', () => {
  const rows: readonly (readonly [args: string, message: string])[] = [
    ['', 'expected a path, such as: rotatelogs logs/access_log 86400'],
    ['-l log', 'unknown option -l; the options are --help and --version'],
    ['log.%Y', 'log.%Y: time patterns are not supported; write the path without %, and the unix time is appended'],
    ['log 60 0 more', 'expected at most three arguments, got also more'],
    ['log 5M 60', 'an offset is allowed only with seconds, not with a size'],
    ['log 0M', 'expected a size above 0 such as 5M, got 0M'],
    ['log soon', 'expected seconds such as 86400 or a size such as 5M, got soon'],
    ['log 60 east', 'expected an offset from UTC in minutes such as -300, got east'],
  ]
  for (const [args, message] of rows)
    test(`rotatelogs ${args}`, () =>
      assert.deepEqual(parseInvocation(args.split(' ').filter(Boolean)), { kind: 'wrong', message }))
})

describe('sipd.conf', () => {
  const rows: readonly (readonly [line: string, message: string])[] = [
    ['Allow 10.1', '1:7 Allow must be from or to, followed by hosts, got "10.1"'],
    ['Allow from', '1:7 Allow must be all, domains, addresses or networks after from or to, got "from"'],
    ['AuthRealm ""', '1:11 AuthRealm must be a realm, got ""'],
    ['DebugFlag Parser Maybe', '1:18 DebugFlag must be a flag followed by On or Off, got "Parser Maybe"'],
    ['LogFormat "%h"', '1:11 LogFormat must be a format in quotes, followed by its nickname, got "%h"'],
    ['CustomLog logs/a ""', '1:18 CustomLog must be a log and the nickname of its format, got "logs/a "'],
    [
      'DB_MySQL_UserID_Field',
      '1:20 DB_MySQL_XXX_Field must be the name of a field in place of XXX, followed by the name of a column, got "UserID"',
    ],
    [
      'StaticContact nobody',
      '1:15 StaticContact must be an address-of-record such as sip:user@company.com, followed by a contact, got "nobody"',
    ],
    [
      'StaticContact sip:ann@company.com',
      '1:15 StaticContact must be an address-of-record followed by a contact such as sip:user@192.0.2.1:5060, got "sip:ann@company.com"',
    ],
    [
      'StaticContact sip:ann@company.com sip:ann@192.0.2.1 2',
      '1:53 StaticContact must be an address-of-record, a contact and a q from 0 to 1 with at most three digits after the point, got "sip:ann@company.com sip:ann@192.0.2.1 2"',
    ],
    ['PrimaryRadiusAcctSecret a b', '1:25 PrimaryRadiusAcctSecret must be one word, or several in quotes'],
    [
      'RegistrarDefaultExpires 90000',
      '1:1 RegistrarDefaultExpires (90000) is above RegistrarMaxExpires (86400); the default would be shortened',
    ],
    [
      'SipT1InMs 5000',
      '1:1 SipT1InMs (5000) is above SipT2InMs (4000); retransmissions begin with T1 and slow down to T2',
    ],
    [
      'LogFormat "%q" common',
      '1:1 LogFormat: %q at column 1 is not a directive of LogFormat; the directives are %h %a %l %u %{time?}t %r %s %b %B %{Header}i %{Header}o %U %m %H %D %T %p %P %v %%',
    ],
    [
      'CustomLog logs/a "%q"',
      '1:1 CustomLog: %q at column 1 is not a directive of LogFormat; the directives are %h %a %l %u %{time?}t %r %s %b %B %{Header}i %{Header}o %U %m %H %D %T %p %P %v %%',
    ],
    ['RPMS_ServerIpPortSecret 192.0.2.1 1812', '1:25 RPMS_ServerIpPortSecret must be a host, a port and a secret'],
    [
      'RASTechPrefix x',
      '1:15 RASTechPrefix must be a pattern of digits and dots, a prefix, and Strip or Include, got "x"',
    ],
    [
      'RASTechPrefix 1 x',
      '1:17 RASTechPrefix must be a pattern, a prefix of digits, * and #, and Strip or Include, got "1 x"',
    ],
    ['RASTechPrefix 1 2', '1:15 RASTechPrefix must be a pattern, a prefix, and the word Strip or Include, got "1 2"'],
  ]
  for (const [line, message] of rows) test(line, () => assert.deepEqual(complaints(line), [message]))
  const inContainer: readonly (readonly [container: string, line: string, message: string])[] = [
    [
      'NumberPlan 1',
      'NumExp 2...',
      '2:8 NumExp must be two patterns of digits and dots, such as 2... +1919392..., got "2..."',
    ],
    [
      'NumberPlan 1',
      'NumExp 2. +1..',
      '2:11 NumExp must be an expansion with 1 dots at most, as many as its pattern has, got "2. +1.."',
    ],
    [
      'RASGatekeeperCluster 1',
      'RASGatekeeper 192.0.2.1 1719 x',
      '2:15 RASGatekeeper must be a host and a port, got "192.0.2.1 1719 x"',
    ],
  ]
  for (const [container, line, message] of inContainer)
    test(`<${container}> ${line}`, () =>
      assert.deepEqual(complaints(`<${container}>`, line, `</${container.split(' ')[0]}>`), [message]))

  test('a virtual host of the name of the actual one', () =>
    assert.deepEqual(
      complaints(
        'ServerName sip.company.com',
        '<VirtualProxyHost 1>',
        'Virtual_Proxy_Domain other.com',
        'Virtual_Proxy_Server_Name sip.company.com',
        '</VirtualProxyHost>',
      ),
      ['2:2 Virtual_Proxy_Server_Name must differ from ServerName sip.company.com'],
    ))

  function complaints(...lines: string[]): string[] {
    const parsed = parseConfig(lines.join('\n'), 'sipd.conf')
    return 'complaints' in parsed
      ? parsed.complaints.map(({ line, column, message }) => `${line}:${column} ${message}`)
      : []
  }
})

test('persistent_tcp.conf: a peer that stands twice, and one too many', () => {
  const said = (text: string): string[] =>
    parsePersistentTcp(text, 'x').complaints.map(({ line, column, message }) => `${line}:${column} ${message}`)
  assert.deepEqual(said('192.0.2.1\n 192.0.2.1:5060\n'), [
    '2:2 duplicate peer 192.0.2.1 port 5060; the first is in line 1; remove one',
  ])
  const many = Array.from({ length: 1001 }, (_, i) => `host${i}.test`)
  assert.deepEqual(said(many.join('\n')), ['1001:1 1000 peers at most are allowed; remove this line'])
})
