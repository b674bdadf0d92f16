import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFileSync, chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { Appliance, letWriteEverything, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const proc = '.1.3.6.1.4.1.32473.12.29.1.1.1'
const commandsWritable = '.1.3.6.1.4.1.32473.12.29.2.9.0'
const sysContact = '.1.3.6.1.2.1.1.4.0'
const [name, start, terminate, admin, operStatus, procState, procPid, startOrder, rowStatus, unit, kind, target] = [
  2, 3, 4, 5, 11, 12, 13, 28, 30, 31, 32, 33,
] as const
const [active, notInService, notReady, createAndGo, createAndWait, destroy] = ['1', '2', '3', '4', '5', '6'] as const
let appliance: Appliance
let file = ''

describe('rows of critical applications over SNMP', needs('snmpset'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { root, conf } = appliance.at.home
    for (const program of ['alpha', 'beta', 'gamma', 'delta']) {
      const path = join(root, program)
      writeFileSync(path, '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
      chmodSync(path, 0o755)
    }
    file = join(conf, 'subagents', 'critagt.cnf')
    writeFileSync(file, `critAppProcEntry 1 alpha ${root}/alpha - down false 100 true true true 5\n`, { mode: 0o600 })
    // Somebody who may write everything, to see that this alone does not open the commands.
    letWriteEverything(appliance.at.home)
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    const pids = await Promise.all([1, 2, 3, 4].map((row) => read(procPid, row)))
    await appliance.stop()
    for (const pid of pids.map(Number)) if (pid > 0 && readProcess(pid)) process.kill(-pid, 'SIGKILL')
  })

  type ColumnValue = readonly [column: number, row: number, type: 'i' | 's' | 'u', value: string]
  const set = (...changes: readonly ColumnValue[]) =>
    netsnmp('snmpset', [
      '-v2c',
      '-ceverything',
      appliance.at.snmp,
      ...changes.flatMap(([column, row, type, value]) => [`${proc}.${column}.${row}`, type, value]),
    ])
  const refused = async (status: RegExp, ...changes: readonly ColumnValue[]): Promise<void> =>
    assert.match((await set(...changes)).err, status, JSON.stringify(changes))
  const taken = async (...changes: readonly ColumnValue[]): Promise<void> => {
    const { code, err } = await set(...changes)
    assert.equal(code, 0, `${JSON.stringify(changes)}: ${err}`)
  }
  const read = async (column: number, row: number): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, `${proc}.${column}.${row}`])).out.trim()
  const program = (which: string): string => `${appliance.at.home.root}/${which}`
  const row = (index: number, which: string, change: string): ColumnValue[] => [
    [rowStatus, index, 'i', change],
    [name, index, 's', which],
    [start, index, 's', program(which)],
    [terminate, index, 's', ''],
  ]

  test('no view opens the commands before the local file does', async () => {
    await refused(/notWritable/, [start, 1, 's', '/bin/true'])
    await refused(/notWritable/, [unit, 1, 's', 'x'])
    await refused(/notWritable/, [target, 1, 's', '/bin/true'])
    await refused(/notWritable/, ...row(2, 'beta', createAndGo))
    const line = await netsnmp('snmpset', ['-v2c', '-ceverything', appliance.at.snmp, commandsWritable, 'i', '1'])
    assert.match(line.err, /notWritable/)
  })

  test('castellan check complains of a view that opens them to others than admin at authPriv', async () => {
    const { code, out } = await appliance.castellan('check')
    assert.equal(code, 1)
    assert.match(out, /vacmAccessEntry everythingGroup lets noAuthNoPriv write view admin, .*\(critAppStartCommand, /)
  })

  test('one line of critagt.cnf opens them, with no restart but a reload', async () => {
    appendFileSync(file, 'critAppCommandsWritable true\n')
    process.kill(appliance.subagentsPid, 'SIGHUP')
    const isOpen = async (): Promise<boolean> =>
      (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, commandsWritable])).out.trim() === '1'
    await until(isOpen, 5000, 'the reload')
  })

  test('createAndGo makes a row that starts its process and is kept in the file', async () => {
    await taken(...row(2, 'beta', createAndGo), [admin, 2, 'i', '1'], [startOrder, 2, 'u', '7'])
    await until(async () => (await read(operStatus, 2)) === '1', 5000, 'the start')
    assert.equal(await read(rowStatus, 2), active)
    assert.match(readFileSync(file, 'utf8'), /^critAppProcEntry 2 beta \S+\/beta - up .* 7( |$)/m)
    await refused(/inconsistentValue/, [rowStatus, 2, 'i', createAndGo])
    await refused(/inconsistentValue/, [rowStatus, 2, 'i', createAndWait])
  })

  test('createAndWait collects columns, and active is for a row that has them all', async () => {
    await refused(/inconsistentName/, [name, 3, 's', 'gamma'])
    await refused(/inconsistentValue/, [rowStatus, 3, 'i', createAndGo], [name, 3, 's', 'gamma'])
    await refused(/inconsistentValue/, [rowStatus, 3, 'i', active])
    await refused(/wrongValue/, [rowStatus, 3, 'i', notReady])
    await taken([rowStatus, 3, 'i', createAndWait])
    assert.equal(await read(rowStatus, 3), notReady)
    await refused(/inconsistentValue/, [rowStatus, 3, 'i', active])
    await refused(/inconsistentValue/, [rowStatus, 3, 'i', notInService])
    await taken([name, 3, 's', 'gamma'], [start, 3, 's', program('gamma')], [terminate, 3, 's', ''])
    assert.equal(await read(rowStatus, 3), notInService)
    await taken([admin, 3, 'i', '1'])
    assert.equal(await read(procPid, 3), '0', 'nothing starts before it is active')
    assert.doesNotMatch(readFileSync(file, 'utf8'), /gamma/)
    await taken([rowStatus, 3, 'i', active])
    await until(async () => (await read(operStatus, 3)) === '1', 5000, 'the start')
    assert.match(readFileSync(file, 'utf8'), /^critAppProcEntry 3 gamma /m)
  })

  test('a row that is made for a process that runs, without a word of what is wanted, leaves it running', async (t) => {
    const delta = spawn(program('delta'), { stdio: 'ignore', detached: true })
    t.after(() => delta.kill('SIGKILL'))
    await until(() => readProcess(delta.pid!)?.command.includes(program('delta')) === true, 2000, 'the program')
    await taken(...row(5, 'delta', createAndGo))
    assert.equal(await read(admin, 5), '1')
    await until(async () => (await read(procState, 5)) === '7', 5000, 'the adoption')
    assert.equal(await read(procPid, 5), String(delta.pid))
    // Whoever says that it is to be down, means it.
    await taken([rowStatus, 5, 'i', destroy])
    await taken(...row(5, 'delta', createAndGo), [admin, 5, 'i', '2'])
    await until(() => delta.exitCode !== null || delta.signalCode !== null, 10_000, 'the stop')
    await taken([rowStatus, 5, 'i', destroy])
  })

  test('a row that cannot be is refused, and nothing of it stays', async () => {
    await refused(/inconsistentValue/, ...row(4, 'beta', createAndGo)) // another active row has this name
    await refused(/inconsistentValue/, ...row(4, 'four', createAndGo), [unit, 4, 's', 'four.service'])
    await refused(/inconsistentValue/, ...row(4, 'four', createAndGo), [kind, 4, 'i', '3'], [target, 4, 's', 'x'])
    await refused(/inconsistentValue/, [start, 1, 's', '"open'])
    await refused(/inconsistentValue/, [name, 2, 's', 'other']) // its process runs
    assert.match(await read(rowStatus, 4), /No Such Instance/)
    assert.doesNotMatch(readFileSync(file, 'utf8'), / four /)
  })

  test('a row out of service leaves its process alone and does not know it; back in service it adopts it', async () => {
    const pid = await read(procPid, 3)
    await taken([rowStatus, 3, 'i', notInService])
    await until(async () => (await read(procState, 3)) === '8', 2000, 'that nothing is known')
    assert.deepEqual([await read(operStatus, 3), await read(procPid, 3)], ['2', '0'])
    assert.ok(readProcess(Number(pid)), 'it goes on')
    await taken([rowStatus, 3, 'i', active])
    await until(async () => (await read(procState, 3)) === '7', 3000, 'the adoption')
    assert.equal(await read(procPid, 3), pid)
  })

  test('destroy ends the row and its line, not the process', async () => {
    const pid = Number(await read(procPid, 3))
    await taken([rowStatus, 3, 'i', destroy])
    assert.match(await read(rowStatus, 3), /No Such Instance/)
    assert.doesNotMatch(readFileSync(file, 'utf8'), /gamma/)
    assert.ok(readProcess(pid))
    process.kill(-pid, 'SIGKILL')
    await taken([rowStatus, 3, 'i', destroy]) // RFC 2579: of a row that is not there, destroy is fine
  })

  test('a SET whose commit fails elsewhere starts and stops nothing', async () => {
    const { conf } = appliance.at.home
    const [agentFolder, away] = [join(conf, 'agent'), join(conf, 'agent.away')]
    const pid = await read(procPid, 2)
    renameSync(agentFolder, away)
    writeFileSync(agentFolder, 'no folder: what the agent wants to keep cannot be written')
    const both = await netsnmp('snmpset', [
      ...['-v2c', '-ceverything', appliance.at.snmp],
      ...[`${proc}.${admin}.1`, 'i', '1', `${proc}.${admin}.2`, 'i', '2', sysContact, 's', 'nobody'],
    ])
    rmSync(agentFolder)
    renameSync(away, agentFolder)
    // What cannot write the change cannot write it back either, and says so.
    assert.match(both.err, /commitFailed|undoFailed/)
    await new Promise((resolve) => setTimeout(resolve, 700)) // time in which something could have begun
    assert.deepEqual([await read(procState, 1), await read(procPid, 2)], ['2', pid])
    assert.deepEqual([await read(admin, 1), await read(admin, 2)], ['2', '1'])
    // As text it may have been written and written back; what it asks for is the same.
    assert.match(readFileSync(file, 'utf8'), /^critAppProcEntry 1 alpha \S+ - down /m)
    assert.match(readFileSync(file, 'utf8'), /^critAppProcEntry 2 beta \S+ - up /m)
  })

  test('rows made over SNMP are there after a restart, and adopt what they started', async () => {
    const pid = await read(procPid, 2)
    await appliance.stopDaemon('subagents')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await until(async () => (await read(procState, 2)) === '7', 5000, 'the adoption')
    assert.equal(await read(procPid, 2), pid)
    assert.equal(await read(startOrder, 2), '7')
  })

  test('without its line the commands are closed again', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('critAppCommandsWritable true\n', ''), { mode: 0o600 })
    process.kill(appliance.subagentsPid, 'SIGHUP')
    const isClosed = async () => /notWritable/.test((await set([start, 1, 's', program('alpha')])).err)
    await until(isClosed, 5000, 'the reload')
  })
})
