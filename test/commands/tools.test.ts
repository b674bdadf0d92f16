import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, type TestHome, until } from '../support/appliance.ts'

let at: TestHome

/** Runs a launcher of bin/ as a user does. */
async function run(program: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(join(programRoot, 'bin', program), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, err }
}
const castellan = (command: string, ...args: string[]) => run('castellan', command, '--home', at.home.root, ...args)

before(async () => {
  at = await makeHome()
  const started = await castellan('start', '--detach')
  assert.equal(started.code, 0, started.err)
  assert.match(started.out, new RegExp(`udp ${at.snmp} `))
  assert.match(started.out, /Try:\n(.*\n){3}/)
})
after(async () => {
  await castellan('stop')
  await rm(at.home.root, { recursive: true, force: true })
})

test('getone prints an object as the ancestor did, by name or number', async () => {
  await until(
    async () =>
      (await run('getone', '-v2c', at.snmp, 'public', 'critAppOperStatus.1')).out === 'critAppOperStatus.1 = up(1)\n',
    5000,
  )
  assert.equal((await run('getone', '-v1', at.snmp, 'public', '1.3.6.1.2.1.1.7.0')).out, 'sysServices.0 = 72\n')
  assert.equal(
    (await run('getone', '-v2c', at.snmp, 'cspsAdmin', 'critAppStartCommand.1')).out,
    'critAppStartCommand.1 = noSuchObject\n',
    'commands are for admin alone',
  )
  assert.equal((await run('getone', '-v2c', at.snmp, 'public', 'critAppOperStatus.9')).code, 1)
})

test('getnext, getbulk and getmany walk', async () => {
  assert.equal((await run('getnext', '-v2c', at.snmp, 'public', 'ifIndex')).out, 'ifIndex.1 = 1\n')
  assert.equal(
    (await run('getbulk', '-v2c', at.snmp, 'public', '1', '2', 'sysDescr', 'critAppProcTable')).out.trim().split('\n')
      .length,
    3,
  )
  const many = await run('getmany', '-v2c', at.snmp, 'public', 'ifTable')
  assert.match(many.out, /^ifType\.1 = softwareLoopback\(24\)$/m)
  assert.equal(
    (await run('getmany', '-v1', at.snmp, 'public', 'ifTable')).out.split('\n').length,
    many.out.split('\n').length,
  )
})

test('setany takes the type from the MIB, and says what a value is to be', async () => {
  assert.equal(
    (await run('setany', '-v2c', at.snmp, 'cspsAdmin', 'sysLocation', 'rack 2')).out,
    'sysLocation.0 = rack 2\n',
  )
  assert.match(readFileSync(join(at.home.conf, 'agent', 'snmpd.cnf'), 'utf8'), /^sysLocation "rack 2"$/m)
  const wrong = await run('setany', '-v2c', at.snmp, 'cspsAdmin', 'critAppAdminStatus.1', 'sideways')
  assert.deepEqual(
    [wrong.code, wrong.err.split('\n')[0]],
    [2, 'setany: critAppAdminStatus.1 is to be up(1) or down(2), not "sideways"'],
  )
  assert.equal((await run('setany', '-v2c', at.snmp, 'public', 'sysLocation', 'x')).code, 4)
})

test('wrong usage is 2, no answer is 3, and --json is JSON', async () => {
  assert.equal((await run('getone', '-v2c', at.snmp)).code, 2)
  assert.equal((await run('getone', '--timeout', '0.1', '-v2c', at.snmp, 'stranger', 'sysDescr')).code, 3)
  const { out } = await run('getone', '--json', '-v2c', at.snmp, 'public', 'sysServices')
  assert.deepEqual(JSON.parse(out), { name: 'sysServices.0', oid: '1.3.6.1.2.1.1.7.0', type: 'Integer32', value: '72' })
})

test('traprcv prints what the agent sends', async () => {
  const receiver = spawn(join(programRoot, 'bin', 'traprcv'), [String(at.trapPort)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  receiver.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  try {
    await once(receiver.stderr, 'data')
    await run('setany', '-v2c', at.snmp, 'cspsAdmin', 'critAppAdminStatus.1', 'down')
    const exited =
      /v2c trap critAppProcExited\n {4}critAppProcName\.1 = sipd\n {4}critAppOperStatus\.1 = down\(2\)\n(.*\n)*? {4}castellanNotifyText\.0 = sipd ended, as requested\n/
    await until(() => exited.test(out), 5000, 'the trap')
    await run('setany', '-v2c', at.snmp, 'cspsAdmin', 'critAppAdminStatus.1', 'up')
    await until(() => /critAppProcStarted\n/.test(out), 5000, 'the other trap')
  } finally {
    receiver.kill('SIGINT')
    await once(receiver, 'exit')
  }
})

test('a killed daemon is started again by the starter, and one is restarted by name, while sipd goes on', async () => {
  const pids = async (): Promise<Record<string, number>> => {
    const status = JSON.parse((await castellan('status', '--json')).out) as { name: string; pid: number }[]
    return Object.fromEntries(status.map(({ name, pid }) => [name, pid]))
  }
  const before = await pids()
  process.kill(before.subagents!, 'SIGKILL')
  await until(async () => ![before.subagents, undefined].includes((await pids()).subagents), 8000, 'the new subagents')
  assert.equal((await castellan('restart', 'agent')).out, 'agent was restarted\n')
  const after = await pids()
  assert.notEqual(after.agent, before.agent)
  assert.equal((await castellan('restart', 'critapp')).out, 'module critapp was restarted\n')
  const none = await castellan('restart', 'nonsense')
  assert.equal(none.code, 1)
  assert.match(none.err, /^castellan: there is no module nonsense here, but critapp\b/)
  assert.equal((await pids()).sipd, before.sipd)
  const isUp = async () =>
    (await run('getone', '-v2c', at.snmp, 'public', 'critAppProcState.1')).out === 'critAppProcState.1 = adopted(7)\n'
  await until(isUp, 5000, 'critapp behind the new agent')
})

test('ciagent and csps_ciagent_ctl stop and start the agents as the ancestor had it, and sipd goes on', async () => {
  const sipd = () => readFileSync(join(at.home.run, 'sipd', 'sipd.pid'), 'utf8').split('\n')[0]
  const before = sipd()
  const ctl = (command: string) => run('csps_ciagent_ctl', command, '--home', at.home.root)
  assert.equal((await ctl('status')).code, 0)
  assert.equal((await ctl('stop')).code, 0)
  assert.match((await ctl('status')).out, /^agent +does not run\nsubagents +does not run\n$/)
  const started = await run('ciagent', '-fullstart', '--home', at.home.root)
  assert.equal(started.code, 0, started.err)
  assert.equal((await run('ciagent', '-fullstop', '--home', at.home.root)).code, 0)
  assert.equal((await ctl('start')).code, 0)
  assert.equal(sipd(), before)
  assert.equal((await run('ciagent', '-halfstart')).code, 2)
})

test('castellan status, check, init and stop', async () => {
  const status = JSON.parse((await castellan('status', '--json')).out) as { name: string; running: boolean }[]
  assert.deepEqual(
    status.map(({ name, running }) => `${name} ${running}`),
    ['agent true', 'subagents true', 'sipd true', 'console true'],
  )
  assert.deepEqual(await castellan('check'), { code: 0, out: 'all configuration files are good\n', err: '' })
  assert.match((await castellan('init')).out, /has everything already/)
  const again = await castellan('start')
  assert.deepEqual(
    [again.code, again.err],
    [
      1,
      `castellan: the appliance ${at.home.root} runs already, as PID ${readFileSync(join(at.home.run, 'castellan.pid'), 'utf8').split('\n')[0]}\n`,
    ],
  )
  const sipd = join(at.home.conf, 'sipd', 'sipd.conf')
  const good = readFileSync(sipd, 'utf8')
  writeFileSync(sipd, 'Listen x\n')
  const bad = await castellan('check')
  assert.deepEqual(
    [bad.code, bad.out],
    [1, 'sipd.conf:1:8: Listen is to be a port or address:port such as 127.0.0.1:5060, not "x"\n'],
  )
  writeFileSync(sipd, good)
  const snmpd = join(at.home.conf, 'agent', 'snmpd.cnf')
  const rights = readFileSync(snmpd, 'utf8')
  writeFileSync(snmpd, rights.replace('any noAuthNoPriv exact read operate', 'any noAuthNoPriv exact read admin'))
  assert.match(
    (await castellan('check')).out,
    /vacmAccessEntry proxyGroup lets noAuthNoPriv write view admin, .* commands \(critAppStartCommand, /,
  )
  writeFileSync(snmpd, rights)
  assert.equal((await castellan('stop')).code, 0)
  assert.equal((await castellan('status')).code, 1)
  assert.equal(existsSync(join(at.home.run, 'agent', 'agent.pid')), false)
  assert.equal((await castellan('jump')).code, 2)
})

test('castellan start in front prints its board, and Ctrl-C stops all of it, sipd too', async () => {
  const front = spawn(join(programRoot, 'bin', 'castellan'), ['start', '--home', at.home.root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  front.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  await until(() => out.includes('Ctrl-C stops it.'), 10_000, 'the board')
  const sipdPid = join(at.home.run, 'sipd', 'sipd.pid')
  await until(() => existsSync(sipdPid), 5000, 'sipd')
  front.kill('SIGINT')
  const [code] = (await once(front, 'exit')) as [number]
  assert.equal(code, 0)
  assert.equal(existsSync(sipdPid), false)
  assert.match((await castellan('status')).out, /agent +does not run\nsubagents +does not run\nsipd +does not run\n/)
})
