/** castellan check and reload by their launchers: they write nothing, wait for nothing, and a bad file changes nothing. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { CheckReport } from '../../commands/check/finding.ts'
import { checkConsole } from '../../console/check.ts'
import { formatComplaint } from '../../lib/cnf/complaint.ts'
import { homeRecordMistake } from '../../lib/home/completion.ts'
import { inspectConfig } from '../../sipd/config/read.ts'
import { inspectStart } from '../../sipd/control/obstacles.ts'
import { Appliance, makeHome, type RunResult, until } from '../support/appliance.ts'
import { agentOf, complaintsOf, subagentsOf } from '../support/check-home.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { nobody, readableProgram } from '../support/other-user.ts'
import { snapshotOf } from '../support/snapshot.ts'

const isRoot = process.getuid?.() === 0

let appliance: Appliance
before(async () => {
  appliance = new Appliance(await makeHome())
})
after(() => appliance.stop())
const conf = (file: string): string => join(appliance.at.home.conf, file)
const castellan = (...args: string[]): Promise<RunResult> => appliance.castellan(...args)
const report = async (): Promise<CheckReport> => JSON.parse((await castellan('check', '--json')).out) as CheckReport

/** The home with one file changed, for as long as `act` takes. */
async function withFile(file: string, text: string, act: () => Promise<void>): Promise<void> {
  const before = readFileSync(conf(file), 'utf8')
  writeFileSync(conf(file), text)
  try {
    await act()
  } finally {
    writeFileSync(conf(file), before)
  }
}

describe('what only reads', () => {
  const commands: readonly (readonly string[])[] = [
    ['check'],
    ['check', '--json'],
    ['status'],
    ['apps', 'list'],
    ['events', 'list'],
    ['events', 'test'],
    ['access', 'public', 'sysDescr'],
    ['user', 'list'],
    ['logs', 'follow', '--no-follow'],
    ['logs', 'list'],
    ['targets'],
    ['rotate', '--dry-run'],
  ]

  test('writes nothing to a home that was never started', async () => {
    const before = snapshotOf(appliance.at.home.root)
    await Promise.all(commands.map((command) => castellan(...command)))
    assert.deepEqual(snapshotOf(appliance.at.home.root), before)
  })

  test('writes nothing where a file is broken', async () => {
    await withFile('agent/snmpd.cnf', 'snmpListenEntri x\n', async () => {
      const before = snapshotOf(appliance.at.home.root)
      assert.equal((await castellan('check')).code, 1)
      assert.deepEqual(snapshotOf(appliance.at.home.root), before)
    })
  })

  test("writes nothing as root to another user's home", { skip: !isRoot && 'it takes root' }, async () => {
    const { root } = appliance.at.home
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, root])
    const before = snapshotOf(root)
    await Promise.all([castellan('check'), castellan('user', 'list'), castellan('rotate', '--dry-run')])
    assert.deepEqual(snapshotOf(root), before)
    execFileSync('chown', ['-R', '0:0', root])
  })

  test('says of what it may not read that it may not, and not that it is missing', {
    skip: !isRoot && 'it takes root',
  }, async () => {
    const asNobody = (...args: string[]) =>
      spawnSync(process.execPath, [join(readableProgram(), 'bin', 'castellan'), ...args], {
        uid: nobody,
        gid: nobody,
        encoding: 'utf8',
        cwd: '/',
      })
    const { root, conf: folder } = appliance.at.home
    const closed = asNobody('check', '--home', root)
    assert.equal(closed.status, 4)
    assert.match(closed.stderr, /no access/)
    assert.doesNotMatch(closed.stderr + closed.stdout, /not initialised|missing/)
    for (const path of [root, folder, join(folder, 'sipd'), join(folder, 'agent')]) chmodSync(path, 0o755)
    const open = asNobody('check', '--home', root)
    assert.equal(open.status, 1)
    assert.match(open.stdout, /snmpd\.cnf:1:1: .*snmpd\.cnf cannot be read: EACCES/)
    assert.match(open.stdout, /critagt\.cnf cannot be read: EACCES/)
    assert.doesNotMatch(open.stdout, /missing/)
    for (const path of [root, folder, join(folder, 'sipd'), join(folder, 'agent')]) chmodSync(path, 0o700)
  })
})

describe('in place of a file', () => {
  const files = (): string[] =>
    readdirSync(appliance.at.home.conf, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(cnf|conf)$/.test(name),
    )

  /** Each file in turn is something else; `find` gives what is said of all of them. */
  async function replaceAll(what: string, make: (path: string) => void, find: () => Promise<string[]>): Promise<void> {
    const all = files()
    assert.ok(all.length >= 10, all.join(' '))
    for (const file of all) {
      renameSync(conf(file), conf(`${file}.kept`))
      make(conf(file))
    }
    const found = await find()
    for (const file of all) {
      rmSync(conf(file), { recursive: true })
      renameSync(conf(`${file}.kept`), conf(file))
    }
    const wanted = all.map(
      (file) => `${conf(file)} cannot be read: ${conf(file)} is ${what}; it must be a regular file`,
    )
    assert.deepEqual(found.toSorted(), wanted.toSorted())
  }

  test('a FIFO is named for each file, and nobody waits for it', () =>
    replaceAll(
      'a FIFO',
      (path) => execFileSync('mkfifo', [path]),
      async () => (await report()).findings.map(({ message }) => message),
    ))

  const inProcess = async (): Promise<string[]> => {
    const { home } = appliance.at
    const complaints = [
      ...(await agentOf(home).check()),
      ...(await subagentsOf(home).check()),
      ...(await checkConsole(home)),
    ]
    return [...complaints, ...inspectConfig(home).complaints].map(({ message }) => message)
  }
  test('a directory is named for each file', () => replaceAll('a directory', (path) => mkdirSync(path), inProcess))
  test('a device is named for each file', () =>
    replaceAll('a device', (path) => symlinkSync('/dev/zero', path), inProcess))

  test('a socket is named too', async () => {
    const path = conf('agent/schedule.cnf')
    renameSync(path, `${path}.kept`)
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    const found = await inProcess()
    await new Promise((resolve) => server.close(resolve))
    renameSync(`${path}.kept`, path)
    assert.deepEqual(found, [`${path} cannot be read: ${path} is a socket; it must be a regular file`])
  })

  test('passphrases come from a regular file', async () => {
    const path = join(appliance.at.home.root, 'fifo')
    execFileSync('mkfifo', [path])
    const { code, err } = await castellan('user', 'add', 'ann', '--passphrase-file', path)
    rmSync(path)
    assert.deepEqual([code, err], [1, `castellan: ${path} is a FIFO; it must be a regular file\n`])
  })
})

test('engine.json that was emptied is named by check and by a start, with what to do', async () => {
  const folder = join(appliance.at.home.data, 'agent')
  const path = join(folder, 'engine.json')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [content, problem] of [
    ['', 'is empty, expected an engineID and boots'],
    ['{"engineId":', 'is not valid JSON \\('],
    ['{"engineId":"00"}', 'does not hold an engineID and boots'],
  ] as const) {
    writeFileSync(path, content)
    const complaints = await agentOf(appliance.at.home).check()
    assert.equal(complaints.length, 1)
    assert.match(complaints[0]!.message, new RegExp(`^${path} ${problem}.*; restore it from a backup`))
  }
  assert.match((await castellan('check')).out, /^engine\.json:1:1: .* does not hold an engineID and boots; restore it/)
  assert.equal(await appliance.startDaemon('agent'), 1)
  assert.match(appliance.output, /engine\.json does not hold an engineID and boots; restore it from a backup/)
  assert.doesNotMatch(appliance.output, /at .*\.js:\d+/)
  rmSync(path)
})

test('home.json that is broken is named, with what to do', async () => {
  const path = join(appliance.at.home.data, 'home.json')
  const good = readFileSync(path, 'utf8')
  writeFileSync(path, '{')
  const mistake = await homeRecordMistake(appliance.at.home)
  writeFileSync(path, good)
  assert.match(
    mistake ?? '',
    /home\.json is not valid JSON \(.*\), expected a portOffset; delete it, and run: castellan init /,
  )
  assert.equal(await homeRecordMistake(appliance.at.home), undefined)
})

test('reload refuses a file without any listen entry, and so does a start; what runs goes on', async () => {
  assert.equal(await appliance.startDaemon('agent'), undefined)
  const serves = async (): Promise<boolean> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, '1.3.6.1.2.1.1.3.0'])).code === 0
  assert.ok(await serves())
  await withFile('agent/snmpd.cnf', '', async () => {
    const { code, out } = await castellan('reload')
    assert.equal(code, 1)
    assert.match(out, /^snmpd\.cnf:1:1: there is no snmpListenEntry, so the agent would answer nobody; add one such as/)
    // Whoever sends the signal by hand gets the same answer from the agent itself.
    process.kill(appliance.agentPid, 'SIGHUP')
    await until(() => appliance.log('agent.log').includes('there is no snmpListenEntry'), 5000, 'the refusal')
    assert.ok(await serves())
    await appliance.stopAgent()
    assert.equal(await appliance.startDaemon('agent'), 1)
  })
  assert.match(appliance.output, /snmpd\.cnf:1:1: there is no snmpListenEntry/)
})

test('a home whose snmpd.cnf is older than its triggers is told each line that it lacks, and is good with them', async () => {
  const file = conf('agent/snmpd.cnf')
  const shipped = readFileSync(file, 'utf8')
  const isNewer = (line: string): boolean => /^vacmViewTreeFamilyEntry watch /.test(line)
  const old = shipped.split('\n').filter((line) => !isNewer(line))
  await withFile('agent/snmpd.cnf', old.join('\n'), async () => {
    const first = await complaintsOf(appliance.at.home)
    assert.ok(first.every((one) => one.includes(': warning: ')))
    assert.ok(
      first.filter((one) => one.startsWith('eventagt.cnf:')).length >= 9,
      'each trigger whose value cannot be read',
    )
    const lines = first.flatMap((one) => one.match(/vacmViewTreeFamilyEntry \S+ \S+ - \w+ nonVolatile/g) ?? [])
    writeFileSync(file, [...old, ...new Set(lines), ''].join('\n'))
    assert.deepEqual(await complaintsOf(appliance.at.home), [])
  })
})

test('a view of another name that shows commands and communities is told each line that keeps them out', async () => {
  const file = conf('agent/snmpd.cnf')
  const whole = readFileSync(file, 'utf8')
    .replace(
      'vacmAccessEntry publicGroup - any noAuthNoPriv exact read',
      'vacmAccessEntry publicGroup - any noAuthNoPriv exact mine',
    )
    .concat('vacmViewTreeFamilyEntry mine iso - included nonVolatile\n')
  await withFile('agent/snmpd.cnf', whole, async () => {
    const first = await complaintsOf(appliance.at.home)
    const [, line, message] = /^snmpd\.cnf:(\d+):\d+: warning: (view mine.*)$/m.exec(first.join('\n'))!
    assert.match(message!, /^view mine shows snmpCommunityTable, .*siLogLastMatch, .* at noAuthNoPriv/)
    assert.match(whole.split('\n')[Number(line) - 1]!, /^vacmAccessEntry publicGroup /)
    const lines = message!.match(/vacmViewTreeFamilyEntry \S+ \S+ - \w+ nonVolatile/g) ?? []
    writeFileSync(file, `${whole}${lines.join('\n')}\n`)
    assert.deepEqual(await complaintsOf(appliance.at.home), [])
  })
})

test('the real subagents refuse what check calls an error, in the same words, and start on a warning', async () => {
  const text = readFileSync(conf('subagents/critagt.cnf'), 'utf8').replace('up true 300', 'down true 300')
  const row = (index: number, name: string, start: string): string =>
    `critAppProcEntry ${index} ${name} ${start} - down false 300 true true true\n`
  await withFile('subagents/critagt.cnf', text + row(7, 'a', '/bin/true') + row(8, 'a', '/bin/true'), async () => {
    const { code, out } = await castellan('check')
    assert.equal(code, 1)
    assert.match(out, /^critagt\.cnf:\d+:20: row 7 is named a too; both would take the same process for theirs\n$/)
    const before = appliance.output.length
    assert.equal(await appliance.startDaemon('subagents'), 1)
    assert.ok(appliance.output.slice(before).includes(out.trim()), appliance.output)
  })
  await withFile('subagents/critagt.cnf', text + row(7, 'a', '/no/such/program'), async () => {
    const { code, out } = await castellan('check')
    assert.equal(code, 0)
    assert.match(out, /^critagt\.cnf:\d+:22: warning: critAppStartCommand: there is no program \/no\/such\/program\n/)
    assert.equal(await appliance.startDaemon('subagents'), undefined)
    await appliance.stopDaemon('subagents')
  })
})

test('check --strict takes warnings for errors, and people read how many there are', async () => {
  const file = conf('agent/snmpd.cnf')
  await withFile(
    'agent/snmpd.cnf',
    `${readFileSync(file, 'utf8')}snmpNotifyEntry n lost trap nonVolatile\n`,
    async () => {
      const { code, out } = await castellan('check')
      assert.equal(code, 0)
      assert.match(
        out,
        /^snmpd\.cnf:\d+:19: warning: no snmpTargetAddrEntry has the tag lost\nall configuration files are good; 1 warning\n$/,
      )
      assert.equal((await castellan('check', '--strict')).code, 1)
    },
  )
  assert.equal((await castellan('check', '--strict')).code, 0)
})

test('certificates that cannot be used are complaints of sipd.conf', async () => {
  const text = readFileSync(conf('sipd/sipd.conf'), 'utf8')
  const key = join(appliance.at.home.root, 'key.pem')
  writeFileSync(key, 'no key')
  const lines = `SipTlsEnable On\nSipTlsCertificateFile ${key}\nSipTlsCertificateKeyFile /no/such/key\n`
  const found = (): string[] => inspectConfig(appliance.at.home).complaints.map(formatComplaint)
  const first = text.split('\n').length + 1
  await withFile('sipd/sipd.conf', `${text}\n${lines}`, async () => {
    assert.equal(found().length, 1)
    const line = first + 2
    assert.ok(
      found()[0]!.startsWith(`sipd.conf:${line}:1: SipTlsCertificateKeyFile: /no/such/key cannot be read: ENOENT`),
    )
  })
  await withFile('sipd/sipd.conf', `${text}\n${lines.replace('/no/such/key', key)}`, async () => {
    assert.equal(found().length, 1)
    assert.ok(found()[0]!.startsWith(`sipd.conf:${first + 1}:1: SipTlsCertificateFile: ${key} cannot be used: `))
  })
  rmSync(key)
})

test('logs of sipd that a start could not open are named in the line of their directive', async () => {
  const text = readFileSync(conf('sipd/sipd.conf'), 'utf8')
  const say = async (lines: string): Promise<string[]> => {
    let said: string[] = []
    await withFile('sipd/sipd.conf', `${text}\n${lines}\n`, async () => {
      const { complaints, warnings } = await inspectStart(appliance.at.home)
      said = [...complaints, ...warnings].map(({ message, severity = 'error' }) => `${severity}: ${message}`)
    })
    return said
  }
  assert.deepEqual(await say('ErrorLog /no/such/folder/log'), [
    'error: ErrorLog: there is no folder /no/such/folder; sipd cannot start',
  ])
  assert.deepEqual(await say('ErrorLog /etc'), ['error: ErrorLog: /etc is no file that can be written'])
  assert.deepEqual(await say('ErrorLog "|/no/such/program x"'), [
    'error: ErrorLog: there is no program /no/such/program',
  ])
  assert.deepEqual(await say('ErrorLog "|/bin/cat \'x"'), ['error: ErrorLog: the quote at column 10 is not closed'])
})

test('users and lines of logs are given to programs as JSON', async () => {
  const { conf: folder, logs } = appliance.at.home
  mkdirSync(logs, { recursive: true })
  writeFileSync(join(logs, 'one.log'), 'a "quoted" line\n')
  const shown = await castellan('logs', 'follow', 'one.log', '--no-follow', '--json')
  assert.deepEqual(JSON.parse(shown.out), { log: 'one.log', line: 'a "quoted" line' })
  const key = Array(20).fill('0a').join(':')
  const user = `usmUserEntry localSnmpID ann SHA none nonVolatile ${key} -\nvacmSecurityToGroupEntry usm ann readAuth nonVolatile\n`
  const text = readFileSync(join(folder, 'agent', 'snmpd.cnf'), 'utf8')
  await withFile('agent/snmpd.cnf', `${text}${user}`, async () => {
    assert.deepEqual(JSON.parse((await castellan('user', 'list', '--json')).out), [
      { name: 'ann', auth: 'SHA', priv: 'none', group: 'readAuth' },
    ])
  })
})
