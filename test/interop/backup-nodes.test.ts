/** Backups and restores of two machines: the master drives the other one over SNMPv3, and both write to one directory. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openSetList, type SetList } from '../../backup/archive/set-list.ts'
import { until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { Machine, machinesMissing } from '../support/two-machines.ts'

const missing = machinesMissing()
const options = missing === undefined ? needs('ip', 'nsenter', 'unshare', 'hostname') : { skip: missing }

describe('two machines that are backed up together', options, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nodes-'))
  const device = join(folder, 'device')
  /** A backup of the second machine goes on for as long as the gate is shut. */
  const gate = join(folder, 'open')
  let master: Machine
  let other: Machine

  before(async () => {
    mkdirSync(device)
    writeFileSync(join(folder, 'wait'), `until [ -e ${gate} ]; do sleep 0.05; done\n`)
    writeFileSync(gate, '')
    master = await Machine.create('sip1', '10.78.0.1')
    other = await Machine.create('sip2', '10.78.0.2')
    await Machine.connect(master, other)
    const source = `drsSourceEntry 1 GATE wait command "/bin/sh ${folder}/wait" - 60\n`
    appendFileSync(join(other.at.home.conf, 'subagents', 'backup.cnf'), source)
    for (const machine of [master, other]) {
      const { code, out, err } = await machine.castellan('start', '--detach')
      assert.equal(code, 0, `${out}${err}`)
      const user = await machine.castellan('user', 'add', `boss-${machine.name}`, '--group', 'admin')
      assert.match(user.out, /verified/, user.err)
    }
    const added = await master.drs('device', 'add', 'disk', '--type', 'local', '--path', device, '--keep', '9')
    assert.equal(added.code, 0, `${added.out}${added.err}`)
    const key = await master.drs('recovery_key', 'disk')
    assert.equal(key.code, 0, key.err)
  })
  after(async () => {
    writeFileSync(gate, '')
    await Promise.all([master?.stop(), other?.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  const addNode = (user = 'boss-sip2') =>
    master.drs('node', 'add', other.address, '--port', `${other.at.snmpPort}`, '--user', user)
  const sets = (): string[] =>
    readdirSync(device)
      .filter((name) => name.endsWith('.set'))
      .sort()
  const newestList = (): SetList => openSetList(readFileSync(join(device, sets().at(-1) ?? ''))).list
  const nameOfNewest = (): string => (sets().at(-1) ?? '').replace(/\.set$/, '')
  const resultsOf = ({ nodes }: SetList) => nodes.map(({ node, result }) => [node, result])
  const note = (machine: Machine): string => join(machine.at.home.conf, 'sipd', 'note.conf')
  const writeNote = (machine: Machine, text: string): void => writeFileSync(note(machine), text)
  const notes = (): string[] => [master, other].map((machine) => readFileSync(note(machine), 'utf8'))
  /** The agent of a machine that was restored serves again. */
  const serves = (machine: Machine) =>
    until(async () => (await machine.drs('node', 'list')).code === 0, 60_000, `the subagents of ${machine.name}`)

  test('a user that the node does not know makes no node of it', async () => {
    const { code, err } = await addNode('nobody')
    assert.equal(code, 4, err)
    assert.match(err, /the agent knows no such user/)
    assert.equal((await master.drs('node', 'list')).out, 'there are no other nodes\n')
    assert.match((await master.drs('backup', 'disk', '--nodes', 'sip2')).err, /there is no node sip2; known are sip1/)
  })

  test('node add makes a user of its own on the node, proves it, and keeps no passphrase of the administrator', async () => {
    const { code, out, err } = await addNode()
    assert.equal(code, 0, err)
    assert.match(
      out,
      /^added node sip2: Castellan .*\nverified: user drs-sip1 reads and sets CASTELLAN-BACKUP-MIB of sip2/,
    )
    await until(async () => /sip2: .*, ready/.test((await master.drs('node', 'list')).out), 30_000, 'the node')
    const kept = readFileSync(join(master.at.home.conf, 'subagents', 'backup.cnf'), 'utf8')
    assert.match(kept, /^drsNodeEntry 1 sip2 10\.78\.0\.2 \d+ drs-sip1 SHA-256 AES /m)
    assert.doesNotMatch(kept, /boss/)
    const users = readFileSync(join(other.at.home.conf, 'agent', 'snmpd.cnf'), 'utf8')
    assert.match(users, /^vacmSecurityToGroupEntry usm drs-sip1 drsMaster nonVolatile/m)
    const registered = (await master.drs('show_registration')).out
    assert.match(registered, /AGENT .*subagents-data .*sip2/)
  })

  test('a backup has the archives of both, under one list', async () => {
    writeNote(master, 'of the master')
    writeNote(other, 'of the node')
    const { code, out, err } = await master.drs('backup', 'disk')
    assert.equal(code, 0, `${out}${err}`)
    assert.deepEqual(resultsOf(newestList()), [
      ['sip1', 'complete'],
      ['sip2', 'complete'],
    ])
    const status = await master.drs('status')
    assert.match(status.out, /^ +sip1: done\n +sip2: done$/m)
    assert.equal((await master.drs('verify', 'disk', nameOfNewest())).code, 0, 'the master can read both')
    assert.match((await other.drs('device', 'list')).out, /^there are no devices$/m, 'the node has kept none')
  })

  test('a restore of both puts both back', async () => {
    for (const machine of [master, other]) writeNote(machine, 'changed')
    const { code, out, err } = await master.drs('restore', 'disk', nameOfNewest(), '--node', 'sip1,sip2')
    assert.equal(code, 0, `${out}${err}${(await other.drs('status')).out}`)
    assert.deepEqual(notes(), ['of the master', 'of the node'])
    for (const machine of [master, other]) await serves(machine)
  })

  test('a restore of one leaves the other as it is', async () => {
    for (const machine of [master, other]) writeNote(machine, 'changed')
    const { code, out, err } = await master.drs('restore', 'disk', nameOfNewest(), '--node', 'sip2')
    assert.equal(code, 0, `${out}${err}`)
    assert.deepEqual(notes(), ['changed', 'of the node'])
    await serves(other)
  })

  test('a node that disappears in mid-backup is an alarm, the rest goes on, and the set is marked partial', async () => {
    rmSync(gate)
    const before = sets().length
    assert.equal((await master.drs('backup', 'disk', '--background')).code, 0)
    await until(
      async () => /sip2: running.*GATE/.test((await master.drs('status')).out),
      60_000,
      'the node at its gate',
    )
    await other.cable('down')
    await until(() => sets().length > before, 120_000, 'the list of the set')
    assert.deepEqual(resultsOf(newestList()), [
      ['sip1', 'complete'],
      ['sip2', 'missing'],
    ])
    await until(
      async () => /succeededWithWarnings/.test((await master.drs('status')).out),
      10_000,
      'the end of the job',
    )
    assert.match((await master.drs('status')).out, /^ +sip2: disconnected: cannot reach sip2/m)
    const log = readFileSync(join(master.at.home.logs, 'subagents', 'subagents.log'), 'utf8')
    assert.match(log, /CiscoDRFMABackupNodeDisconnect: sip2 disappeared before its backup was done/)
    const files = await master.drs('show_backupfiles', 'disk')
    assert.match(files.out, /incomplete, or of another version/)
  })

  test('with the node gone, a backup and a restore of both do what can be done, and say what was not', async () => {
    const backup = await master.drs('backup', 'disk')
    assert.equal(backup.code, 0, backup.err)
    assert.match(backup.out, /succeededWithWarnings: sip2: failed: cannot reach sip2/)
    writeNote(master, 'changed')
    const { code, out } = await master.drs(
      'restore',
      'disk',
      sets()[0]?.replace(/\.set$/, '') ?? '',
      '--node',
      'sip1,sip2',
    )
    assert.equal(code, 1)
    assert.match(out, /sip1 was restored; sip2 was not restored, failed: cannot reach sip2/)
    assert.equal(readFileSync(note(master), 'utf8'), 'of the master')
    await serves(master)
  })

  test('a node that comes back is part of the next backup, and its alarm is over', async () => {
    writeFileSync(gate, '')
    await other.cable('up')
    await until(
      async () => !/running/.test((await other.drs('status')).out),
      60_000,
      'the end of what the node did alone',
    )
    const { code, out, err } = await master.drs('backup', 'disk')
    assert.equal(code, 0, `${out}${err}`)
    assert.deepEqual(resultsOf(newestList()), [
      ['sip1', 'complete'],
      ['sip2', 'complete'],
    ])
    const log = readFileSync(join(master.at.home.logs, 'subagents', 'subagents.log'), 'utf8')
    assert.match(log, /CiscoDRFMA2LAFailure: it is over/)
  })

  test('node remove ends it, and takes the user of the master along', async () => {
    const { code, out, err } = await master.drs('node', 'remove', 'sip2', '--user', 'boss-sip2')
    assert.equal(code, 0, err)
    assert.match(out, /^removed node sip2/)
    const users = readFileSync(join(other.at.home.conf, 'agent', 'snmpd.cnf'), 'utf8')
    assert.doesNotMatch(users, /drs-sip1/)
    assert.equal((await master.drs('backup', 'disk')).code, 0)
    assert.deepEqual(resultsOf(newestList()), [['sip1', 'complete']])
  })
})
