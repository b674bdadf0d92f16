import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { directives } from '../../sipd/config/directives.ts'
import { directivePages, directivesDocument } from '../../sipd/config/document.ts'
import { checkFileMode } from '../../sipd/config/file-mode.ts'
import { checkMemory } from '../../sipd/config/memory.ts'
import { parseConfig } from '../../sipd/config/parse.ts'
import { parsePersistentTcp } from '../../sipd/config/persistent-tcp.ts'
import { inspectConfig, readConfig } from '../../sipd/config/read.ts'
import { configToJson, formatCheck, formatConfig } from '../../sipd/config/show.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-config-'))
let home: Home
let count = 0

function write(name: 'sipd.conf' | 'persistent_tcp.conf', text: string | Uint8Array, mode = 0o600): void {
  const path = join(home.conf, 'sipd', name)
  writeFileSync(path, text)
  chmodSync(path, mode)
}

/** The message of the ConfigurationError that reading throws. */
function refusal(): string {
  try {
    readConfig(home)
  } catch (error) {
    assert.ok(error instanceof ConfigurationError)
    return error.message
  }
  return assert.fail('it was read')
}

beforeEach(() => {
  home = resolveHome(join(folder, String(count++)))
  mkdirSync(join(home.conf, 'sipd'), { recursive: true })
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('reading the configuration of a home', () => {
  test('octets that are no UTF-8 are complained about with their place, but not in a comment', () => {
    write(
      'sipd.conf',
      Buffer.from('# B\xfcro\nListen 127.0.0.1:5060\nServerName b\xfcro.example.com # B\xfcro\n', 'latin1'),
    )
    assert.match(refusal(), /^sipd\.conf:3:12: this is not UTF-8; save the file as UTF-8$/m)
    write('sipd.conf', Buffer.from('# B\xfcro\nListen 127.0.0.1:5060\n', 'latin1'))
    assert.equal(readConfig(home).config.Listen.length, 1)
  })

  test('a byte order mark at the start of either file is no part of it', () => {
    write('sipd.conf', '\ufeffListen 127.0.0.1:5060\n')
    write('persistent_tcp.conf', '\ufeff192.0.2.1\r\n')
    assert.deepEqual(readConfig(home).persistentTcp, [{ host: '192.0.2.1', port: 5060 }])
  })

  test('what is shipped is good, shifted by the port offset, and shows defaults as they are', async () => {
    rmSync(home.conf, { recursive: true })
    await initializeHome(home, 1000)
    const { config, warnings, persistentTcp, origins } = readConfig(home)
    assert.deepEqual(config.Listen, [{ address: '127.0.0.1', port: 6060 }])
    assert.deepEqual([...origins.keys()], ['Listen'])
    assert.deepEqual([warnings, persistentTcp], [[], []])
    const shipped = readFileSync(join(programRoot, 'conf', 'sipd', 'sipd.conf'), 'utf8').replace(
      /\{port:(\d+)\}/g,
      '$1',
    )
    // A comment that begins with the name of a directive and stands for itself is its default.
    const shown = [...shipped.matchAll(/^# (\w+) (\S.*)$/gm)].flatMap(([, name = '', value = '']) =>
      Object.hasOwn(directives, name) && !value.includes(' the ') ? [{ name, value }] : [],
    )
    assert.ok(shown.length > 40)
    for (const { name, value } of shown) {
      const { defaults } = directives[name as keyof typeof directives]
      if (defaults.length > 0) assert.ok(defaults.includes(value) || value.endsWith(' Off'), `${name} ${value}`)
    }
  })

  test('all that is wrong with both files is thrown together', () => {
    write('sipd.conf', 'MaxForks 9\nNonsense\n')
    write('persistent_tcp.conf', '# peers\nhost:0\n')
    assert.deepEqual(refusal().split('\n'), [
      'sipd.conf:1:10: MaxForks is to be a whole number within 1..6, not "9"',
      'sipd.conf:2:1: Nonsense is no directive of sipd.conf',
      'persistent_tcp.conf:2:1: a peer is to be host or host:port such as 192.0.2.1:5060, not "host:0"',
    ])
  })

  test('a missing sipd.conf is a complaint that names its path', () => {
    assert.match(refusal(), /^sipd\.conf:1:1: .*\/conf\/sipd\/sipd\.conf cannot be read: ENOENT/)
  })

  test('a file with a secret that others can read is refused, and one without is not', () => {
    write('sipd.conf', '\nDB_MySQL_Password hush\n', 0o640)
    assert.match(refusal(), /^sipd\.conf:2:1: holds secrets that others can read; run: chmod 600 \S+\/sipd\.conf$/)
    write('sipd.conf', '\nDB_MySQL_Password hush\n', 0o600)
    assert.equal(readConfig(home).config.DB_MySQL_Password?.reveal(), 'hush')
    write('sipd.conf', 'MaxForks 2\n', 0o644)
    assert.equal(readConfig(home).config.MaxForks, 2)
  })

  test('a file with a secret may be read by the group of sipd where root owns it, as castellan init lays it out', () => {
    const sipd = { uid: 990, gid: 980 }
    const verdict = (mode: number, uid = 0, gid = 980, reader = sipd) =>
      checkFileMode('sipd.conf', { uid, gid, mode: 0o100000 | mode }, reader)
    const refused = (mode: number) => `holds secrets that others can read; run: chmod ${mode} sipd.conf`
    assert.equal(verdict(0o400), undefined)
    assert.equal(verdict(0o640), undefined)
    assert.equal(verdict(0o644), refused(640))
    assert.equal(verdict(0o660), refused(640))
    assert.equal(verdict(0o640, 0, 100), refused(600))
    assert.equal(verdict(0o640, 990), refused(600))
    assert.equal(verdict(0o640, 0, 0, { uid: 0, gid: 0 }), refused(600))
  })

  test('peers of persistent_tcp.conf are hosts with a port, 5060 unless named, each once', () => {
    write('sipd.conf', '')
    write('persistent_tcp.conf', '# a\n\n gw.company.com # main\n192.0.2.1:5070\r\n[2001:db8::1]:5061\n[2001:db8::2]')
    assert.deepEqual(readConfig(home).persistentTcp, [
      { host: 'gw.company.com', port: 5060 },
      { host: '192.0.2.1', port: 5070 },
      { host: '2001:db8::1', port: 5061 },
      { host: '2001:db8::2', port: 5060 },
    ])
    const { complaints } = parsePersistentTcp('a.b\na.b:5060\na b\n::1\nx:70000\n300.1.1.1', 'p')
    assert.deepEqual(
      complaints.map(({ line }) => line),
      [2, 3, 4, 5, 6],
    )
  })
})

describe('showing the configuration', () => {
  test('sip config gives each value with its origin, masks secrets, and is a sipd.conf itself', () => {
    const text = [
      'ServerName sip.company.com',
      'Listen 127.0.0.1:5080',
      'Listen [::1]:5080',
      'LogFormat "%r \\"x\\"" own',
      'StaticContact sip:a@b.org sip:c@d 0.5',
      'DebugFlag Parser On',
      'DB_MySQL_User_Field "user name"',
      'Allow from 10.1 company.com',
      'IgnoreProxyRequire a b',
      '<NumberPlan "my plan">',
      'NumExp 2... +1919...',
      '</NumberPlan>',
      '<VirtualProxyHost 1>',
      'Virtual_Proxy_Domain v.org',
      '</VirtualProxyHost>',
    ].join('\n')
    const parsed = parseConfig(text, 'sipd.conf')
    assert.ok('config' in parsed)
    const shown = formatConfig(parsed)
    assert.match(shown, /^ServerName sip\.company\.com +# sipd\.conf:1$/m)
    assert.match(shown, /^Listen \[::1\]:5080 +# sipd\.conf:2,3$/m)
    assert.match(shown, /^MaxForks 5 +# default$/m)
    assert.match(shown, /^# ProxyDomain +# default$/m)
    assert.match(shown, /^Allow from 10\.1 company\.com +# sipd\.conf:8, not acted on$/m)
    assert.doesNotMatch(shown, /Accounting/)
    const again = parseConfig(shown, 'sipd.conf')
    assert.ok('config' in again)
    assert.deepEqual(again.config, parsed.config)
  })

  test('sip config --json gives the same values; a secret is ***', () => {
    const parsed = parseConfig('DB_MySQL_Password hush\nDebugFlag Parser On\n', 'sipd.conf')
    assert.ok('config' in parsed)
    assert.doesNotMatch(formatConfig(parsed), /hush/)
    const json = JSON.parse(JSON.stringify(configToJson(parsed))) as { name: string }[]
    const find = (wanted: string): unknown => json.find(({ name }) => name === wanted)
    const common = { origin: 'default', lines: [], inForce: true }
    assert.deepEqual(find('DB_MySQL_Password'), {
      name: 'DB_MySQL_Password',
      value: '***',
      origin: 'sipd.conf:1',
      lines: [1],
      inForce: false,
    })
    assert.deepEqual(find('DebugFlag'), {
      name: 'DebugFlag',
      value: ['Parser'],
      origin: 'sipd.conf:2',
      lines: [2],
      inForce: true,
    })
    assert.deepEqual(find('ProxyDomain'), { name: 'ProxyDomain', value: null, ...common })
    assert.deepEqual(find('MaxForks'), { name: 'MaxForks', value: 5, ...common })
    assert.equal(find('Accounting'), undefined)
  })

  test('sip check tells warnings and the verdict, or everything that is wrong', () => {
    write('sipd.conf', 'MaxForks 2\nAccounting On\n')
    assert.deepEqual(formatCheck(inspectConfig(home)), {
      text: 'sipd.conf:2:1: warning: Accounting is not acted on: accounting over RADIUS is to come\nsipd.conf is good: 2 directives, 1 warning\n',
      isGood: true,
    })
    write('sipd.conf', 'MaxForks 2\n')
    assert.equal(formatCheck(inspectConfig(home)).text, 'sipd.conf is good: 1 directive, 0 warnings\n')
    write('sipd.conf', 'MaxForks 20\n')
    assert.deepEqual(formatCheck(inspectConfig(home)), {
      text: 'sipd.conf:1:10: MaxForks is to be a whole number within 1..6, not "20"\nsipd.conf is not good: 1 complaint, 0 warnings\n',
      isGood: false,
    })
  })
})

test('sip check warns of bounds on memory that the heap is too small for', () => {
  const warningsOf = (text: string, heapMb: number): string[] => {
    const parsed = parseConfig(text, 'sipd.conf')
    assert.ok('config' in parsed)
    return checkMemory(parsed.config, parsed.origins, 'sipd.conf', heapMb * 1e6).map(
      ({ line, message }) => `${line}: ${message}`,
    )
  }
  assert.deepEqual(warningsOf('', 600), [], '256 MB and 20,000 users')
  assert.match(warningsOf('', 500)[0]!, /^1: a worker may hold 320 MB .*60 % of its heap of 500 MB/)
  assert.match(warningsOf('\nRegistrarMaxUsers 1000000\n', 2000)[0]!, /^2: a worker may hold 3456 MB/)
  assert.deepEqual(warningsOf('RegistrarMaxUsers 1000000\nRegistrarMaxOctets 700000000', 2000), [])
  assert.deepEqual(warningsOf('MaxOctets 1000000000\nStartServers 4', 600), [], 'each worker has its part')
})

describe('what other machines may do', () => {
  const said = (...lines: readonly string[]): string[] => {
    write('sipd.conf', `${lines.join('\n')}\n`)
    const { warnings } = inspectConfig(home)
    // Whether this machine has the address is another matter.
    return warnings
      .filter(({ message }) => !message.includes('no interface'))
      .map(({ line, message }) => `${line} ${message}`)
  }

  test('is said by sip check and at the start where sipd listens beyond loopback, with the line', () => {
    assert.deepEqual(said('Listen 127.0.0.1:5060', 'Listen [::1]:5060', 'AllowRelay 192.0.2.0/24'), [])
    assert.deepEqual(said('Listen 127.0.0.1:5060', 'Listen 0.0.0.0:5060', 'ProxyDomain company.com'), [
      '2 other machines reach 0.0.0.0:5060: anybody may register and call users of company.com; requests to other domains are relayed for no address (AllowRelay), and refused with 403 otherwise',
    ])
    assert.deepEqual(
      said(
        'Listen [2001:db8::1]:5060',
        'Cisco_Registry Off',
        'AllowRelay 192.0.2.0/24 2001:db8::7',
        'AllowRelay 10.1.2.3',
      ),
      [
        '1 other machines reach [2001:db8::1]:5060: anybody may call users of this server; requests to other domains are relayed for AllowRelay 192.0.2.0/24 2001:db8::7 10.1.2.3, and refused with 403 otherwise',
      ],
    )
    assert.match(formatCheck(inspectConfig(home)).text, /^sipd\.conf:1:1: warning: other machines reach /m)
    assert.deepEqual(said('Listen 5060', 'ServerType Redirect'), [
      '1 other machines reach 0.0.0.0:5060: anybody may register and call users of this server',
    ])
  })

  test('is called an open relay where AllowRelay is everybody', () => {
    assert.equal(
      said('Listen 5060', 'AllowRelay 0.0.0.0/0')[1],
      '2 AllowRelay names every address: sipd is an open relay',
    )
  })

  test('is said to be for anybody who registers where AllowRelayRegistered is on, unless nobody can', () => {
    const [policy, registered] = said('Listen 5060', 'AllowRelayRegistered On')
    assert.match(policy!, /relayed for registered users and no address \(AllowRelay\), and refused with 403 otherwise$/)
    assert.equal(registered, '2 AllowRelayRegistered: sipd relays for anybody who registers first')
    assert.equal(said('Listen 5060', 'AllowRelayRegistered On', 'Cisco_Registry Off').length, 1)
  })

  test('AllowRelay takes addresses and networks alone', () => {
    for (const good of ['192.0.2.1', '192.0.2.0/24', '2001:db8::/32', '::1', '10.0.0.0/0'])
      assert.ok('config' in parseConfig(`AllowRelay ${good}`, 'f'), good)
    for (const bad of [
      'company.com',
      '192.0.2.0/33',
      '2001:db8::/129',
      '192.0.2.0/',
      '192.0.2.0/24/1',
      '10.1',
      '192.0.2.0/255.255.255.0',
      'all',
    ])
      assert.ok('complaints' in parseConfig(`AllowRelay 192.0.2.1 ${bad}`, 'f'), bad)
  })
})

for (const part of ['inForce', 'accepted'] as const)
  test(`docs/${directivePages[part]} is what the table prints`, () => {
    const written = readFileSync(join(programRoot, 'docs', directivePages[part]), 'utf8')
    assert.ok(written === directivesDocument(part), 'run: node dist/sipd/config/print-document.js docs')
  })
