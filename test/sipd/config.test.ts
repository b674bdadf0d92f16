import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { programRoot } from '../../lib/program-root.ts'
import { accessLogFormat } from '../../sipd/config/access-log-format.ts'
import { splitWords } from '../../sipd/config/declare/lines.ts'
import type { Rows } from '../../sipd/config/declare/row.ts'
import { directives, groups, type SipdConfig } from '../../sipd/config/directives.ts'
import { type ParsedConfig, parseConfig } from '../../sipd/config/parse.ts'
import { mutate, randomFrom } from '../support/mutate.ts'

const rows: Rows = directives
const parse = (...lines: string[]): ParsedConfig => parseConfig(lines.join('\n'), 'sipd.conf')

function good(...lines: string[]): SipdConfig {
  const parsed = parse(...lines)
  if ('complaints' in parsed) assert.fail(parsed.complaints.map(({ message }) => message).join('\n'))
  return parsed.config
}

/** `line:column message` of every complaint. */
function complaints(...lines: string[]): string[] {
  const parsed = parse(...lines)
  return 'complaints' in parsed
    ? parsed.complaints.map(({ line, column, message }) => `${line}:${column} ${message}`)
    : []
}

const warnings = (...lines: string[]): string[] =>
  parse(...lines).warnings.map(({ line, column, message }) => `${line}:${column} ${message}`)

describe('the table of directives', () => {
  test('every default is read as a value that is written as that default again', () => {
    for (const [name, row] of Object.entries(rows)) {
      for (const text of row.defaults) {
        const parsed = parse(`${name} ${text}`)
        assert.ok('config' in parsed, `${name} ${text}`)
        const printed = row.print(name, parsed.config[name as keyof SipdConfig])
        assert.ok(
          printed.some((line) => String(splitWords(line)) === String(splitWords(`${name} ${text}`))),
          `${printed}`,
        )
      }
    }
  })

  test('every directive is in one group, and what is not in force says why in words', () => {
    const grouped = groups.flatMap((group) => Object.keys(group.rows))
    assert.deepEqual([...grouped].sort(), Object.keys(directives).sort())
    assert.equal(new Set(grouped.map((name) => name.toLowerCase())).size, grouped.length)
    for (const [name, { inForce, help }] of Object.entries(rows)) {
      assert.ok(inForce === true || inForce.length > 10, name)
      assert.ok(help.length > 5, name)
    }
  })

  test('every directive that the manual of the ancestor lists has a row', () => {
    const path = join(programRoot, 'test', 'fixtures', 'seed', 'sipd-directives.txt')
    const listed = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    assert.ok(listed.length > 150)
    const inside = Object.values(rows).flatMap((row) => Object.keys(row.inside ?? {}))
    const known = new Set([...Object.keys(rows), ...inside].map((name) => name.toLowerCase()))
    assert.deepEqual(
      listed.filter((name) => !known.has(name.toLowerCase())),
      [],
    )
  })

  test('an empty file is good: defaults, on loopback, with nothing to warn of', () => {
    const config = good('')
    assert.deepEqual(config.Listen, [{ address: '127.0.0.1', port: 5060 }])
    assert.equal(config.LogLevel, 'notice')
    assert.equal(config.MaxForks, 5)
    assert.equal(config.ProxyDomain, undefined)
    assert.deepEqual(config.TransportPrefOrder, ['TLS', 'TCP', 'UDP'])
    assert.deepEqual(config.CustomLog, {
      destination: { kind: 'file', path: 'logs/sipd/access_log' },
      format: 'common',
    })
    assert.deepEqual(
      config.LogFormat.map(({ nickname }) => nickname),
      ['combined', 'common', 'referer', 'agent'],
    )
    assert.equal(config.LogFormat[1]?.format, '%h %l %u %t "%r" %>s %b')
    assert.equal(config.DiffServValue, 0x60)
    assert.equal(config.DebugFlag.size, 0)
    assert.deepEqual(warnings(''), [])
  })

  test('the record has the type of each directive', () => {
    // What is proven here is proven by the compiler: a row of another type does not fit.
    const typed: {
      readonly MaxForks: number
      readonly Recursive: boolean
      readonly ServerType: 'Proxy' | 'Redirect'
      readonly ProxyDomain: string | undefined
      readonly Listen: readonly { readonly address: string; readonly port: number }[]
      readonly NumberPlan: readonly {
        readonly id: string
        readonly NumExp: readonly { readonly pattern: string; readonly expanded: string }[]
      }[]
      readonly VirtualProxyHost: readonly {
        readonly id: string
        readonly Virtual_Proxy_Domain: string
        readonly Virtual_Proxy_Server_IP: string | undefined
      }[]
      readonly RASGatekeeperCluster: readonly { readonly priority: number }[]
    } = good('ServerType Redirect')
    const serverType: 'Proxy' | 'Redirect' = typed.ServerType
    assert.equal(serverType, 'Redirect')
  })

  test('the format of the access log is that of its nickname, of CustomLog itself, or a written one of the same name', () => {
    assert.equal(accessLogFormat(good('')), '%h %l %u %t "%r" %>s %b')
    assert.equal(accessLogFormat(good('CustomLog logs/a "%h %U"')), '%h %U')
    assert.equal(accessLogFormat(good('LogFormat "%r" common')), '%r')
  })

  test('the record is frozen throughout', () => {
    const config = good('<VirtualProxyHost 1>', 'Virtual_Proxy_Domain a.b', '</VirtualProxyHost>')
    assert.throws(() => Object.assign(config, { MaxForks: 1 }), TypeError)
    assert.throws(() => (config.Listen as unknown[]).push(1), TypeError)
    assert.throws(() => Object.assign(config.VirtualProxyHost[0]!, { id: 'x' }), TypeError)
    assert.throws(() => Object.assign(config.Listen[0]!, { port: 1 }), TypeError)
  })
})

describe('the syntax of sipd.conf', () => {
  test('names and fixed words have any case; comments, blank lines and carriage returns are nothing', () => {
    const config = good('\uFEFF# a comment', '', '  maxforks 3 # few', 'RECURSIVE oFF\r', 'servertype REDIRECT')
    assert.deepEqual([config.MaxForks, config.Recursive, config.ServerType], [3, false, 'Redirect'])
  })

  test('a backslash continues a line, but not a comment', () => {
    assert.deepEqual(good('IgnoreProxyRequire a \\', '  b \\', 'c').IgnoreProxyRequire, ['a', 'b', 'c'])
    assert.equal(good('# stray \\', 'MaxForks 2').MaxForks, 2)
    assert.deepEqual(complaints('ErrorLog \\', '  "" \\', ' x'), [
      '2:3 ErrorLog is to be a file, or "|program arguments" in quotes, not " x"',
    ])
  })

  test('quotes hold blanks, and \\" and \\\\ a quote and a backslash; # within a word is no comment', () => {
    const config = good(
      String.raw`LogFormat "%r \"x\" \\ \q" own`,
      'RASTechPrefix 1919321... 001# INCLUDE',
      'CommonLog "|/opt/sip/bin/rotatelogs /opt/sip/logs/access_log 86400" own',
    )
    assert.equal(config.LogFormat.find(({ nickname }) => nickname === 'own')?.format, String.raw`%r "x" \ \q`)
    assert.deepEqual(config.RASTechPrefix, [{ pattern: '1919321...', prefix: '001#', action: 'Include' }])
    assert.deepEqual(config.CustomLog, {
      destination: { kind: 'pipe', command: '/opt/sip/bin/rotatelogs /opt/sip/logs/access_log 86400' },
      format: 'own',
    })
    assert.match(complaints('AuthRealm "a').join(), /^1:11 the quoted argument that starts here has no closing quote$/)
    assert.match(complaints('AuthRealm "a"b').join(), /^1:14 a blank is due after a closing quote$/)
    assert.deepEqual(complaints('MaxForks 1\0'), ['1:11 a NUL octet has no place in this file'])
  })

  test('all complaints come together, in order, each with line, column and what was expected', () => {
    assert.deepEqual(complaints('Listen nowhere', 'MaxForks 7', ' Recursive', 'MaxForks 2 2', 'MaxForks 1'), [
      '1:8 Listen is to be a port or address:port such as 127.0.0.1:5060, not "nowhere"',
      '2:10 MaxForks is to be a whole number within 1..6, not "7"',
      '3:12 Recursive is to be On or Off, not ""',
      '4:1 MaxForks is there already, in line 2',
      '5:1 MaxForks is there already, in line 2',
    ])
  })

  test('a name that does not exist is a complaint that says what was probably meant', () => {
    assert.deepEqual(complaints('MaxFroks 3', 'Lisen 5060', 'Blunder 1', 'DebugFlag StateMachne On'), [
      '1:1 MaxFroks is no directive of sipd.conf; did you mean MaxForks?',
      '2:1 Lisen is no directive of sipd.conf; did you mean Listen?',
      '3:1 Blunder is no directive of sipd.conf',
      '4:11 DebugFlag is to be a flag, perhaps StateMachine, not "StateMachne On"',
    ])
  })

  test('words that every JavaScript object knows are neither names nor values', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      for (const line of [
        `${word} 1`,
        `<${word} 1>\n</${word}>`,
        `Recursive ${word}`,
        `AuthDigestQop ${word}`,
        `DebugFlag ${word}`,
        `DebugFlag Parser ${word}`,
      ])
        assert.equal(complaints(line).length, 1, line)
    }
  })

  test('containers have to be closed in order, known, and in their place', () => {
    assert.deepEqual(complaints('<NumberPlan a>', 'NumExp 1 2'), ['1:2 <NumberPlan ...> has no </NumberPlan>'])
    assert.deepEqual(complaints('</NumberPlan>'), ['1:3 </NumberPlan> closes nothing that is open'])
    assert.deepEqual(complaints('<NumberPlan a', 'MaxForks 1'), ['1:1 a line that begins with < is to end with >'])
    assert.deepEqual(complaints('<NumberPlan a>', '</VirtualProxyHost>'), [
      '2:3 </VirtualProxyHost> stands where </NumberPlan> is due, for line 1',
    ])
    assert.deepEqual(complaints('<IfModule x>', 'Anything 1', '</IfModule>'), [
      '1:2 IfModule is no directive of sipd.conf',
    ])
    assert.deepEqual(complaints('NumExp 1 2'), ['1:1 NumExp stands inside <NumberPlan ...> only'])
    assert.deepEqual(complaints('<NumberPlan a>', 'MaxForks 1', '</NumberPlan>'), [
      '2:1 MaxForks is no directive of <NumberPlan ...>',
    ])
    assert.deepEqual(complaints('NumberPlan a'), [
      '1:1 NumberPlan is written as <NumberPlan ...> and ends with </NumberPlan>',
    ])
    assert.deepEqual(complaints('<MaxForks 1>', '</MaxForks>'), [
      '1:2 MaxForks is no container; write it without < and >',
    ])
    assert.deepEqual(complaints('<>'), ['1:1 the container has no name'])
  })

  test('no file makes the parser throw: 1,000 mutations of a good one', () => {
    const random = randomFrom(7)
    const sample = Buffer.from(
      readFileSync(join(programRoot, 'conf', 'sipd', 'sipd.conf'), 'utf8').replace(/^# /gm, ''),
    )
    for (let i = 0; i < 1000; i++) {
      const parsed = parseConfig(Buffer.from(mutate(sample, random)).toString(), 'sipd.conf')
      assert.ok('config' in parsed || parsed.complaints.length > 0)
    }
  })
})

describe('directives of sipd.conf', () => {
  test('Listen takes a port, an address and an IPv6 address, each once; Port counts without it', () => {
    assert.deepEqual(good('Listen 3000', 'Listen 10.23.56.78:5060', 'Listen [::1]:5062').Listen, [
      { address: '0.0.0.0', port: 3000 },
      { address: '10.23.56.78', port: 5060 },
      { address: '::1', port: 5062 },
    ])
    for (const wrong of ['10.0.0.1', '::1:5060', '[10.0.0.1]:5060', '0', '65536', '1.2.3:5060', '127.0.0.1:5060x'])
      assert.equal(complaints(`Listen ${wrong}`).length, 1, wrong)
    assert.deepEqual(complaints('Listen 5060', 'Listen 0.0.0.0:5060'), [
      '2:1 Listen 0.0.0.0 port 5060 is there already, in line 1',
    ])
    assert.deepEqual(good('Port 5070').Listen, [{ address: '127.0.0.1', port: 5070 }])
    assert.deepEqual(warnings('Port 5070'), [
      '1:1 Port without Listen serves 127.0.0.1 only; Listen 5070 would serve every address',
    ])
    assert.deepEqual(warnings('Listen 5060', 'Port 5070'), ['2:1 Port counts only where there is no Listen'])
  })

  test('a flag of DebugFlag is switched in every way that the manual writes it', () => {
    const config = good('DebugFlag StateMachine On', 'DebugFlag_Parser on', 'Debug Flag SipTcp', 'debugflag siptls Off')
    assert.deepEqual([...config.DebugFlag], ['StateMachine', 'Parser', 'SipTcp'])
    assert.deepEqual(warnings('Debug Flag GKTMP On', 'DebugFlag RAS Off', 'DebugFlag Registry On'), [
      '1:1 DebugFlag GKTMP tells nothing yet: GKTMP is to come',
    ])
    assert.deepEqual(complaints('DebugFlag Parser On', 'DebugFlag_Parser Off'), [
      '2:1 DebugFlag Parser is there already, in line 1',
    ])
    assert.equal(complaints('DebugFlag Parser Maybe').length, 1)
  })

  test("the manual's number plan, virtual host and gatekeepers are read as records", () => {
    const config = good(
      '<NumberPlan Global>',
      '   NumExp 2... +1919392...',
      '   NumExp 8... 5555...',
      '</NumberPlan>',
      '<VirtualProxyHost 1.1>',
      'Virtual_Proxy_Domain foo.bar',
      'Virtual_Proxy_Server_Name usa.foo.bar',
      'Virtual_Proxy_Server_IP 61.12.1.1',
      '</VirtualProxyHost>',
      '<RASGatekeeperCluster 1>',
      'RASGatekeeper gatekeeper1.company.com 1719',
      'RASGateKeeper gatekeeper2.company.com 1719',
      '</RASGateKeeperCluster>',
    )
    assert.deepEqual(config.NumberPlan, [
      {
        id: 'Global',
        NumExp: [
          { pattern: '2...', expanded: '+1919392...' },
          { pattern: '8...', expanded: '5555...' },
        ],
      },
    ])
    assert.deepEqual(config.VirtualProxyHost, [
      {
        id: '1.1',
        Virtual_Proxy_Domain: 'foo.bar',
        Virtual_Proxy_Server_Name: 'usa.foo.bar',
        Virtual_Proxy_Server_IP: '61.12.1.1',
      },
    ])
    assert.deepEqual(config.RASGatekeeperCluster, [
      {
        priority: 1,
        RASGatekeeper: [
          { host: 'gatekeeper1.company.com', port: 1719 },
          { host: 'gatekeeper2.company.com', port: 1719 },
        ],
      },
    ])
  })

  test('virtual hosts need a domain, are ten at most, and differ from each other and from the server', () => {
    const virtual = (id: string, ...lines: string[]): string[] => [
      `<VirtualProxyHost ${id}>`,
      ...lines,
      '</VirtualProxyHost>',
    ]
    assert.deepEqual(complaints(...virtual('1')), [
      '1:2 VirtualProxyHost needs a line with Virtual_Proxy_Domain, the domain',
    ])
    const ten = Array.from({ length: 10 }, (_, i) => virtual(String(i), `Virtual_Proxy_Domain d${i}.org`)).flat()
    assert.equal(good(...ten).VirtualProxyHost.length, 10)
    assert.deepEqual(complaints(...ten, ...virtual('10', 'Virtual_Proxy_Domain d10.org')), [
      '31:2 VirtualProxyHost may stand 10 times at most',
    ])
    assert.deepEqual(
      complaints(
        ...virtual('1', 'Virtual_Proxy_Domain a.org', 'Virtual_Proxy_Server_IP 10.0.0.1'),
        ...virtual('1', 'Virtual_Proxy_Domain A.ORG', 'Virtual_Proxy_Server_IP 10.0.0.1'),
      ),
      [
        '5:2 VirtualProxyHost 1 is there already, in line 1',
        '6:1 Virtual_Proxy_Domain a.org is that of another VirtualProxyHost, in line 2',
        '7:1 Virtual_Proxy_Server_IP 10.0.0.1 is that of another VirtualProxyHost, in line 3',
      ],
    )
    assert.deepEqual(complaints('ProxyDomain a.org', ...virtual('1', 'Virtual_Proxy_Domain a.org')), [
      '2:2 Virtual_Proxy_Domain a.org is ProxyDomain itself',
    ])
  })

  test('a cluster has five gatekeepers at most', () => {
    const six = Array.from({ length: 6 }, (_, i) => `RASGatekeeper g${i}.org 1719`)
    assert.deepEqual(complaints('<RASGatekeeperCluster 1>', ...six, '</RASGatekeeperCluster>'), [
      '7:1 RASGatekeeper may stand 5 times at most',
    ])
  })

  test('access rules take what the manual takes, and refuse what is no host', () => {
    const config = good(
      'Order Allow, Deny',
      'Allow from company.com 10.1 10.1.0.0/255.255.0.0 10.1.0.0/16',
      'Deny to all',
    )
    assert.equal(config.Order, 'Allow,Deny')
    assert.deepEqual(config.Deny, [{ direction: 'to', hosts: ['all'] }])
    for (const wrong of ['from', 'company.com', 'from 10.1.0.0/33', 'from 300.1', 'from a/8', 'to b!c'])
      assert.equal(complaints(`Allow ${wrong}`).length, 1, wrong)
  })

  test('lists add up over lines, blanks, commas and quotes, up to their bound', () => {
    const config = good(
      'Cisco_Registry_Farm_Members "host2.cisco.com, host3"',
      'Cisco_Registry_Farm_Members 10.0.0.4 host3',
    )
    assert.deepEqual(config.Cisco_Registry_Farm_Members, ['host2.cisco.com', 'host3', '10.0.0.4'])
    assert.deepEqual(good('PreAuthPreviousHop ALL').PreAuthPreviousHop, ['ALL'])
    assert.deepEqual(complaints('Cisco_Registry_Farm_Members a b!c'), [
      '1:31 Cisco_Registry_Farm_Members is to be one host or several, not "a b!c"',
    ])
    const headers = Array.from({ length: 51 }, (_, i) => `X-${i}`)
    assert.deepEqual(complaints(`AcctIncludeSIPHeader ${headers.join(' ')}`), [
      '1:1 AcctIncludeSIPHeader takes 50 values at most, not 51',
    ])
  })

  test('StaticContact takes an address-of-record, a contact and a q', () => {
    assert.deepEqual(good('StaticContact sip:a@b.org sip:a@192.0.2.1:5070;transport=tcp 0.5').StaticContact, [
      { addressOfRecord: 'sip:a@b.org', contact: 'sip:a@192.0.2.1:5070;transport=tcp', q: 0.5 },
    ])
    assert.equal(good('StaticContact sip:a@b.org sip:c@d').StaticContact[0]?.q, undefined)
    for (const wrong of ['sip:b.org sip:a@b', 'sip:a@b tel:1', 'sip:a@b sip:c@d 2', 'sip:a@b'])
      assert.equal(complaints(`StaticContact ${wrong}`).length, 1, wrong)
  })

  test('TransportPrefOrder takes all fifteen orders of the manual and no other', () => {
    const names =
      'TLS_TCP_UDP TLS_UDP_TCP TCP_TLS_UDP TCP_UDP_TLS UDP_TLS_TCP UDP_TCP_TLS TLS_TCP TLS_UDP TCP_TLS TCP_UDP UDP_TLS UDP_TCP TLS TCP UDP'
    for (const name of names.split(' '))
      assert.equal(good(`TransportPrefOrder ${name}`).TransportPrefOrder.join('_'), name)
    for (const wrong of ['TCP_TCP', 'SCTP', 'TCP-UDP', ''])
      assert.equal(complaints(`TransportPrefOrder "${wrong}"`).length, 1)
  })

  test('what has to fit together is held together', () => {
    for (const [lines, expected] of [
      [
        ['RegistrarMinExpires 500', 'RegistrarMaxExpires 400', 'RegistrarDefaultExpires 300'],
        /^1:1 RegistrarMinExpires \(500\) is above RegistrarMaxExpires \(400\)/,
      ],
      [['SipT1InMs 5000'], /^1:1 SipT1InMs \(5000\) is above SipT2InMs \(4000\)/],
      [['SipT3InMs 200000'], /^1:1 SipT3InMs \(200000\) is above SipMaxT3InMs/],
      [['SipTlsEnable On', 'SipTlsCertificateFile a'], /^1:1 SipTlsEnable On needs SipTlsCertificateKeyFile$/],
      [['ProxyAddressResolutionType SRV'], /^1:1 ProxyAddressResolutionType SRV needs ProxyDomain$/],
      [['CustomLog logs/a nosuch'], /^1:1 CustomLog names the format nosuch, which no LogFormat gives$/],
    ] as const) {
      const [first, ...more] = complaints(...lines)
      assert.match(first ?? 'nothing', expected)
      assert.deepEqual(more, [])
    }
    const tls = ['SipTlsEnable On', 'SipTlsCertificateFile a', 'SipTlsCertificateKeyFile b']
    assert.deepEqual(complaints(...tls, 'Listen 5061'), ['1:1 SipTlsPort 5061 is a port of Listen too'])
    assert.equal(good(...tls).SipTlsEnable, true)
    assert.deepEqual(complaints(...tls, 'SipTlsMutualAuthentication On'), [
      '4:1 SipTlsMutualAuthentication On needs SipTlsCACertificateFile',
    ])
    assert.match(warnings('RegistrarMaxExpires 90000')[0] ?? '', /^1:1 Cisco_Registry_Max_DB_Age_on_Boot is below/)
    assert.deepEqual(warnings('RegistrarMaxExpires 90000', 'Cisco_Registry_Max_DB_Age_on_Boot 90000'), [])
  })

  test('what is not in force is one warning a directive, unless it has its default', () => {
    assert.deepEqual(warnings('Accounting On', 'Accounting_ x').length, 1)
    assert.deepEqual(warnings('Accounting Off', 'Cisco_Routing On', 'PrivacyWithPAI Off'), [])
    assert.deepEqual(warnings('Allow from all', 'Allow from 10.1'), [
      '1:1 Allow is not acted on: access control is to come',
    ])
    assert.match(warnings('DiffServValue 0x60')[0] ?? '', /^1:1 DiffServValue is not acted on: Node\.js has no way/)
    assert.match(warnings('SipMaxT3InMs 170000')[0] ?? '', /timer C/)
    assert.deepEqual(warnings('SipMaxT3InMs 180000'), [])
  })

  test('secrets print as *** wherever they go, and a wrong one is not repeated', () => {
    const lines = ['DB_MySQL_Password hush-hush', 'RPMS_ServerIpPortSecret 10.0.0.1 1812 hush-hush']
    const config = good(...lines)
    assert.equal(config.DB_MySQL_Password?.reveal(), 'hush-hush')
    for (const shown of [JSON.stringify(config), inspect(config, { depth: 9 }), `${config.DB_MySQL_Password}`]) {
      assert.doesNotMatch(shown, /hush/)
      assert.match(shown, /\*\*\*/)
    }
    assert.doesNotMatch(complaints('PrimaryRadiusAcctSecret hush hush').join(), /hush/)
    assert.doesNotMatch(complaints('RPMS_ServerIpPortSecret 10.0.0.1 x hush').join(), /hush/)
  })

  test('every number is refused beyond either end of its range', () => {
    let count = 0
    for (const [name, { range, type }] of Object.entries(rows)) {
      const [, low, high] = /^(\d+)\.\.(\d+)/.exec(range ?? '') ?? []
      if (type !== 'whole number' || low === undefined || high === undefined) continue
      count++
      for (const wrong of [Number(high) + 1, Number(low) - 1, `${low}.5`, 'x', `"" ${low}`])
        assert.match(
          complaints(`${name} ${wrong}`).join(),
          /^1:\d+ \w+ is to be a whole number within /,
          `${name} ${wrong}`,
        )
      for (const right of [low, high])
        assert.doesNotMatch(complaints(`${name} ${right}`).join(), /is to be/, `${name} ${right}`)
    }
    assert.ok(count > 40)
  })
})
