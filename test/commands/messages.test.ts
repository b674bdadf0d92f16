/** What the commands say when they cannot do what was typed: each trigger, and the whole message. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { main as castellanRestore } from '../../backup/bare/main.ts'
import { castellan } from '../../commands/castellan.ts'
import { ciagent } from '../../commands/ciagent.ts'
import { getbulk } from '../../commands/tools/getbulk.ts'
import { getone } from '../../commands/tools/getone.ts'
import { setany } from '../../commands/tools/setany.ts'
import { runTool } from '../../commands/tools/tool.ts'
import { traprcv } from '../../commands/tools/traprcv.ts'
import type { ExitCode } from '../../lib/cli/exit-codes.ts'
import { foldersOf, type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { messageIn, runInProcess } from '../support/run-in-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'messages-'))
const root = join(folder, 'home')
let home: Home
before(async () => {
  home = resolveHome(root)
  await initializeHome(home, 0)
  writeFileSync(join(folder, 'short'), 'short\nshort\n')
  writeFileSync(join(folder, 'latin1'), Buffer.from('passphrase of \xe9lan\n', 'latin1'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

type Row = readonly [trigger: string, code: ExitCode, message: string]

/** One test for each; `ROOT`, `FOLDER` and `PROGRAM` in a trigger or a message stand for those of this test. */
function messages(run: (args: readonly string[]) => Promise<ExitCode>, rows: readonly Row[]): void {
  const here = (text: string): string =>
    text.replaceAll('ROOT', root).replaceAll('FOLDER', folder).replaceAll('PROGRAM', programRoot)
  for (const [trigger, code, message] of rows) {
    test(trigger, async () => {
      const args = here(trigger).split(' ').slice(1)
      const ended = await runInProcess(() => run(args.map((word) => (word === "''" ? '' : word))))
      assert.deepEqual([ended.code, messageIn(ended)], [code, here(message)])
    })
  }
}

describe('castellan', () => {
  const atHome: readonly Row[] = [
    [
      'castellan access public nonsense',
      1,
      'castellan: unknown object nonsense; use a MIB name or a numeric OID such as 1.3.6.1.2.1.1',
    ],
    [
      'castellan access nobody sysDescr',
      1,
      'castellan: there is no community and no user nobody; castellan user list shows the users, snmpd.cnf the communities',
    ],
    [
      'castellan events test --since yesterday',
      2,
      "castellan: option '--since <time>' argument 'yesterday' is invalid. expected a time such as 2026-01-02T03:04:05Z, or 90m, 12h, 7d",
    ],
    [
      'castellan logs follow --lines many',
      2,
      "castellan: option '--lines <n>' argument 'many' is invalid. expected a whole number",
    ],
    [
      'castellan logs follow --level loud',
      1,
      'castellan: unknown level loud; the levels are: debug, info, notice, warn, error',
    ],
    [
      'castellan history --since yesterday',
      2,
      "castellan: option '--since <span>' argument 'yesterday' is invalid. expected a span such as 30m, 2h, 2d, 1w or 1y",
    ],
    ['castellan history --json --csv', 2, 'castellan: --json and --csv exclude each other; leave one out'],
    ['castellan history', 1, 'castellan: the console of ROOT never ran, and there is no history; run: castellan start'],
    [
      'castellan init --user nobody --sipd-user daemon --console-user nobody',
      2,
      'castellan: the console would run as nobody, as another daemon does; name a user of its own',
    ],
    ['castellan maintenance soon', 2, 'castellan: expected a span such as 2h, or end; got soon'],
    ['castellan incidents ack x', 2, 'castellan: expected the number of an incident, got x'],
    ['castellan reload', 1, 'castellan: the agent does not run; start it with: castellan start'],
    ['castellan restart nonsense', 1, 'castellan: the subagents do not run; start them with: castellan start'],
    [
      'castellan init --port-offset 7',
      1,
      'castellan: the ports of ROOT are shifted by 0, not by 7; leave --port-offset out, or name another home',
    ],
    [
      'castellan init --user nobody',
      2,
      'castellan: --user and --sipd-user must be given together, because the agent and sipd run as different users',
    ],
    [
      'castellan init --user nobody --sipd-user nobody',
      2,
      'castellan: the agent and sipd would both run as nobody; name two users, so that neither can change files of the other',
    ],
    [
      'castellan init --user no-such-user --sipd-user nobody',
      1,
      'castellan: there is no user no-such-user; run: systemd-sysusers PROGRAM/conf/systemd/sysusers.conf, or create it another way',
    ],
    ['castellan init --user root --sipd-user nobody', 2, 'castellan: root is root; name a user with fewer rights'],
    [
      'castellan user add x/y',
      2,
      'castellan: invalid user name x/y; expected 1 to 32 letters, digits, or any of _ . @ -',
    ],
    ['castellan user add ann --group other', 2, 'castellan: --group must be read, operate or admin, got other'],
    [
      'castellan user add ann --engine zz',
      2,
      'castellan: --engine must be 5 to 32 octets in hexadecimal, neither all 00 nor all ff; got zz',
    ],
    [
      'castellan user add ann --auth MD4',
      2,
      'castellan: --auth must be one of MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512, got MD4',
    ],
    [
      'castellan user add ann --priv ROT13',
      2,
      'castellan: --priv must be one of DES, AES, AES-192, AES-256, AES-192-C, AES-256-C, none, got ROT13',
    ],
    [
      'castellan user add ann --priv none --group admin',
      1,
      'castellan: group admin needs a user with privacy; use --priv AES',
    ],
    [
      'castellan user add ann --passphrase-file FOLDER/short',
      1,
      'castellan: the authentication passphrase must have at least 8 octets; it comes from --passphrase-file, CASTELLAN_AUTH_PASSPHRASE or a terminal',
    ],
    [
      'castellan user add ann --passphrase-file FOLDER/latin1',
      1,
      'castellan: FOLDER/latin1 is not UTF-8; save it as UTF-8',
    ],
    ['castellan user remove ann', 1, 'castellan: there is no user ann; to see them, run: castellan user list'],
    ['castellan user rotate ann', 1, 'castellan: there is no user ann; to see them, run: castellan user list'],
    ['castellan user test ann', 1, 'castellan: there is no user ann; to see them, run: castellan user list'],
  ]
  messages(
    castellan,
    atHome.map(([trigger, ...rest]) => [`${trigger} --home ROOT`, ...rest]),
  )
  messages(castellan, [
    [
      'castellan logs test ( FOLDER/short',
      1,
      'castellan: expected a regular expression, got (: Invalid regular expression: /(/: Unterminated group',
    ],
    ["castellan status --home ''", 2, 'castellan: --home is empty; name the folder of the home'],
    [
      'castellan status --home FOLDER/none',
      1,
      'castellan: FOLDER/none is not initialised; run: castellan init --home FOLDER/none',
    ],
    [
      'castellan init --home FOLDER/a\nb',
      1,
      'castellan: "FOLDER/a\\nb" has a control character such as a line break; choose another path',
    ],
    [
      'castellan init --home FOLDER/short/home',
      1,
      "castellan: cannot create the folder FOLDER/short/home/conf: ENOTDIR: not a directory, mkdir 'FOLDER/short/home/conf'",
    ],
  ])
})

describe('castellan with a snmpd.cnf that lacks what it asks with', () => {
  const path = (): string => join(foldersOf(home, 'agent').conf, 'snmpd.cnf')
  let before = ''
  const edit = (from: RegExp, to: string): void => {
    before = readFileSync(path(), 'utf8')
    writeFileSync(path(), before.replace(from, to))
  }
  const restore = (): void => writeFileSync(path(), before)

  describe('without a community', () => {
    beforeEach(() => edit(/^snmpCommunityEntry.*$/gm, ''))
    afterEach(restore)
    messages(castellan, [
      [
        'castellan targets --home ROOT',
        1,
        'castellan: there is no community to ask with; use getmany -v3 -u USER with castellanTargetTable',
      ],
    ])
  })

  describe('with a user without authentication', () => {
    beforeEach(() => edit(/$/, '\nusmUserEntry localSnmpID ann none none nonVolatile - -\n'))
    afterEach(restore)
    messages(castellan, [
      [
        'castellan user rotate ann --home ROOT',
        1,
        'castellan: user ann has no authentication, and so no passphrase; give it one with: castellan user add ann',
      ],
    ])
  })
})

describe('ciagent', () => {
  messages(ciagent, [['ciagent', 2, 'ciagent: expected -fullstart or -fullstop']])
})

describe('the SNMP tools', () => {
  const object = 'unknown object nonsense; use a MIB name or a numeric OID such as 1.3.6.1.2.1.1'
  messages(
    (args) => runTool(getone, args),
    [
      ['getone', 2, 'getone: expected HOST[:PORT] COMMUNITY OBJECT...'],
      ['getone -v3 -u ann localhost', 2, 'getone: expected HOST[:PORT] OBJECT...'],
      ['getone localhost public nonsense', 2, `getone: ${object}`],
      [
        'getone tcp:localhost public sysDescr',
        2,
        'getone: tcp:localhost: only SNMP over UDP is supported; use HOST, HOST:PORT, [IPV6]:PORT or udp6:HOST',
      ],
      [
        'getone localhost:99999 public sysDescr',
        2,
        'getone: expected HOST, HOST:PORT, [IPV6]:PORT or udp6:HOST, got localhost:99999',
      ],
      [
        'getone udp6:127.0.0.1 public sysDescr',
        1,
        'getone: 127.0.0.1 is not an IPv6 address; leave out the transport before it',
      ],
      [
        'getone --timeout soon localhost public sysDescr',
        2,
        "getone: option '--timeout <seconds>' argument 'soon' is invalid. expected a number of seconds up to 86400",
      ],
      ['getone -v3 localhost sysDescr', 2, 'getone: -v3 needs a user; add -u USER'],
      [
        'getone -v3 -u ann -l high localhost sysDescr',
        2,
        'getone: -l must be noAuthNoPriv, authNoPriv or authPriv, got high',
      ],
      ['getone -v3 -u ann -x none localhost sysDescr', 2, 'getone: authPriv needs a privacy protocol; use -x AES'],
      [
        'getone -v3 -u ann -a MD4 localhost sysDescr',
        2,
        'getone: -a must be one of MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512, got MD4',
      ],
    ],
  )
  messages(
    (args) => runTool(getbulk, args),
    [
      [
        'getbulk localhost public sysDescr',
        2,
        'getbulk: expected NON-REPEATERS MAX-REPETITIONS OBJECT..., such as 1 10 sysUpTime ifTable',
      ],
    ],
  )
  messages(
    (args) => runTool(setany, args),
    [
      ['setany localhost public sysName.0', 2, 'setany: every OBJECT needs a VALUE, such as critAppAdminStatus.1 down'],
      [
        'setany localhost public critAppAdminStatus.1 sideways',
        2,
        'setany: critAppAdminStatus.1 must be up(1) or down(2), got "sideways"',
      ],
    ],
  )
  messages(traprcv, [
    ['traprcv 70000', 2, 'traprcv: expected a port within 0..65535, got 70000'],
    ['traprcv --address 192.0.2.1 0', 1, 'traprcv: udp 192.0.2.1:0: bind EADDRNOTAVAIL 192.0.2.1'],
  ])
})

describe('castellan-restore', () => {
  const backup = join(folder, 'backup')
  before(() => {
    mkdirSync(backup)
    chmodSync(backup, 0o700)
  })
  messages(castellanRestore, [
    ['castellan-restore', 2, 'castellan-restore: expected --from with the folder of the backup'],
    [
      'castellan-restore --from FOLDER/backup --fingerprint SHA256:x --home ROOT',
      2,
      'castellan-restore: FOLDER/backup has 0 recovery files; name one with --recovery',
    ],
    [
      'castellan-restore --from FOLDER/backup --fingerprint SHA256:x --recovery FOLDER/none --home ROOT',
      1,
      "cannot read the recovery file: ENOENT: no such file or directory, open 'FOLDER/none'; name the castellan_recovery_*.age of the backup with --recovery",
    ],
    [
      'castellan-restore --from FOLDER/backup',
      2,
      'castellan-restore: expected --fingerprint with the signing key, which the recovery sheet has',
    ],
  ])
})
