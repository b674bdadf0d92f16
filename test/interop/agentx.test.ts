import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { agentxError } from '../../agentx/pdu.ts'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import { ScriptedSubagent } from '../support/agentx.ts'
import { Appliance, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const critApp = '.1.3.6.1.4.1.32473.12.29'
const folder = mkdtempSync(join(tmpdir(), 'agentx-'))
const children: ChildProcess[] = []

/** A foreign daemon, told where to find its configuration and to keep nothing outside the test's folder. */
function start(program: string, args: readonly string[], config: string): ChildProcess {
  const persistent = mkdtempSync(join(folder, 'persistent-'))
  chmodSync(persistent, 0o777)
  const env = { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: persistent, SNMPCONFPATH: config }
  const child = spawn(program, args, { env, stdio: 'ignore' })
  children.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

after(async () => {
  for (const child of children) await end(child, 'SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const names = (text: string): string[] =>
  [...text.matchAll(/^(\.[\d.]+) = (?!No more variables)/gm)].map((match) => match[1]!)

function compareNames(a: string, b: string): number {
  const [x, y] = [a, b].map((name) => name.split('.').slice(1).map(Number))
  for (let i = 0; i < Math.min(x!.length, y!.length); i++) if (x![i] !== y![i]) return x![i]! - y![i]!
  return x!.length - y!.length
}

describe('foreign subagents at our master', needs('snmpget', 'snmpd', '/usr/lib/frr/bgpd'), () => {
  let appliance: Appliance
  let agentxPort: number
  before(async () => {
    appliance = new Appliance(await makeHome())
    agentxPort = appliance.at.snmpPort + 3000
    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    const listen = `agentxListenEntry run/agent/agentx.sock 600\nagentxListenEntry tcp:127.0.0.1:${agentxPort}\n`
    writeFileSync(path, `${readFileSync(path, 'utf8')}${listen}`)
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(() => appliance.stop())

  const walk = (tool: string, ...args: string[]) => netsnmp(tool, ['-v2c', '-cpublic', appliance.at.snmp, ...args])

  test('a whole snmpd as a subagent is walked by GETNEXT and GETBULK alike, in order, ours before theirs', async () => {
    const config = join(folder, 'subagent.conf')
    writeFileSync(config, `agentxsocket ${join(appliance.at.home.run, 'agent', 'agentx.sock')}\n`)
    const snmpd = start('snmpd', ['-X', '-f', '-LE', '3', '-C', '-c', config], folder)
    await until(async () => /2\.1\.4\.1\.0 = /.test((await walk('snmpget', '.1.3.6.1.2.1.4.1.0')).out), 5000, 'snmpd')
    // Left out: what changes from one walk to the next (processes, connections, files in use).
    const changing = /^\.1\.3\.6\.1\.2\.1\.(6|7|25|4\.(2[0-9]|3[0-9])|92|88)\.|^\.1\.3\.6\.1\.4\.1\.(2021|8072)\./
    const steady = (text: string): string[] => names(text).filter((name) => !changing.test(name))
    let [one, bulk] = [await walk('snmpwalk', '.1'), await walk('snmpbulkwalk', '.1')]
    // It registers what it has bit by bit; once it is done, both walks name the same.
    await until(
      async () => {
        ;[one, bulk] = [await walk('snmpwalk', '.1'), await walk('snmpbulkwalk', '.1')]
        return steady(one.out).join() === steady(bulk.out).join()
      },
      10_000,
      'two walks that name the same',
    )
    assert.equal(one.code, 0, one.err)
    assert.equal(bulk.code, 0, bulk.err)
    assert.ok(names(one.out).length > 500, `${names(one.out).length} names`)
    assert.deepEqual(names(one.out), names(one.out).toSorted(compareNames), 'in order')
    const sysDescr = (await walk('snmpget', '-Oqv', '.1.3.6.1.2.1.1.1.0')).out
    assert.match(sysDescr, /Castellan/, 'what we serve ourselves stays ours')
    const v1 = await netsnmp('snmpwalk', ['-v1', '-cpublic', appliance.at.snmp, '.1.3.6.1.2.1.4.31'])
    assert.doesNotMatch(v1.out, /Counter64/)
    await end(snmpd)
    const sessions = async () => (await walk('snmpbulkwalk', '-Oqv', '.1.3.6.1.2.1.74.1.3.2.1.3')).out
    await until(async () => !/Net-SNMP/.test(await sessions()), 3000, 'its end')
  })

  const asRoot = { skip: process.getuid?.() === 0 ? false : 'bgpd changes to its own user, which only root may do' }
  test('FRR’s bgpd joins over TCP, is walked, and shows in AGENTX-MIB and sysORTable', asRoot, async () => {
    const conf = join(folder, 'frr')
    mkdirSync(conf)
    chmodSync(folder, 0o755)
    chmodSync(conf, 0o777)
    writeFileSync(join(conf, 'frr.conf'), `agentxsocket tcp:127.0.0.1:${agentxPort}\n`)
    const bgpdConf = join(conf, 'bgpd.conf')
    writeFileSync(bgpdConf, 'agentx\nrouter bgp 65001\n bgp router-id 192.0.2.1\n neighbor 192.0.2.2 remote-as 65002\n')
    const files = ['-f', bgpdConf, '-i', join(conf, 'bgpd.pid'), '--vty_socket', conf]
    const bgpd = start(
      '/usr/lib/frr/bgpd',
      ['-M', 'snmp', ...files, '-A', '127.0.0.1', '-P', '0', '-p', '0', '-n', '-u', 'frr', '-g', 'frr'],
      conf,
    )
    const localAs = async () => (await walk('snmpget', '-Oqv', '.1.3.6.1.2.1.15.2.0')).out.trim()
    await until(async () => (await localAs()) === '65001', 8000, 'bgpLocalAs')
    const [one, bulk] = [await walk('snmpwalk', '.1.3.6.1.2.1.15'), await walk('snmpbulkwalk', '.1.3.6.1.2.1.15')]
    assert.ok(names(one.out).length > 20, one.out)
    assert.deepEqual(names(one.out), names(bulk.out))
    const expected = ['"Castellan sipd"', '"Castellan subagents"', '"Net-SNMP AgentX sub-agent"']
    const sessions = async () => (await walk('snmpbulkwalk', '-Oqv', '.1.3.6.1.2.1.74.1.3.2.1.3')).out
    const isShown = async () => (await sessions()).trim().split('\n').sort().join() === expected.join()
    await until(isShown, 3000, 'the sessions in AGENTX-MIB')
    assert.match(
      (await walk('snmpbulkwalk', '-Oqv', '.1.3.6.1.2.1.1.9.1.3')).out,
      /supervision of critical applications/,
    )
    await end(bgpd)
  })

  test('a program that calls itself as ours takes nothing of ours, says nothing in our name, and is told apart when it goes', async () => {
    const path = join(appliance.at.home.run, 'agent', 'agentx.sock')
    // castellanAccountRefused of agentx-others.
    const account = `.1.3.6.1.4.1.32473.12.1.1.4.1.4.${[...'agentx-others'].map((one) => one.charCodeAt(0)).join('.')}`
    const refused = async (): Promise<number> => Number((await walk('snmpget', '-Oqv', account)).out)
    const refusedBefore = await refused()
    const mallory = await ScriptedSubagent.open(path, 1, 'Castellan subagents')
    const column = `${critApp}.1.1.1.9`.slice(1)
    const before = (await walk('snmpget', '-Oqv', `.${column}.1`)).out
    assert.match(before, /^\d+\n$/)
    for (const subtree of [column, `${column}.1`, '1.3.6.1.2.1.27.1.1.2', '1.3.6.1.4.1'])
      assert.equal(await mallory.register(subtree, { priority: 1 }), agentxError.requestDenied, subtree)
    assert.equal((await walk('snmpget', '-Oqv', `.${column}.1`)).out, before)
    const coldStart: Varbind = {
      name: oid('1.3.6.1.6.3.1.1.4.1.0'),
      value: { type: 'ObjectIdentifier', value: oid('1.3.6.1.6.3.1.1.5.1') },
    }
    const { error } = await mallory.ask({ type: 'notify', varbinds: [coldStart] })
    assert.equal(error, agentxError.processingError)
    assert.equal(await mallory.register('1.3.6.1.4.1.8072.9999.9999.5'), 0, 'what is its own')
    assert.equal((await refused()) - refusedBefore, 5, 'four subtrees and a notification')
    mallory.end()
    const lost = /castellanSubagentLost sentence="foreign subagent session \d+ is lost: its connection ended"/
    await until(() => lost.test(appliance.log('agent.log')), 3000, 'its loss')
    assert.doesNotMatch(appliance.log('agent.log'), /subagent Castellan subagents is lost/)
  })

  test('the subagents killed under load: other regions go on, theirs answers again, and nothing hangs', async () => {
    const manager = new Manager({
      host: '127.0.0.1',
      port: appliance.at.snmpPort,
      security: { version: 'v2c', community: 'public' },
      timeoutMs: 3000,
      retries: 0,
    })
    const contact = oid('1.3.6.1.2.1.1.4.0')
    const operStatus = oid('1.3.6.1.4.1.32473.12.29.1.1.1.11.1')
    let slowestMs = 0
    let isOver = false
    const load = (name: readonly number[]) => async (): Promise<number> => {
      let asked = 0
      while (!isOver) {
        const began = performance.now()
        await manager.get([name]).catch((error: Error) => {
          if (!/genErr/.test(error.message)) throw error
        })
        slowestMs = Math.max(slowestMs, performance.now() - began)
        asked++
      }
      return asked
    }
    const workers = [load(contact), load(contact), load(operStatus), load(operStatus)].map((run) => run())
    await new Promise((resolve) => setTimeout(resolve, 200)) // let it come to speed; there is nothing to wait for
    await appliance.stopDaemon('subagents', 'SIGKILL')
    const killed = performance.now()
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    const isBack = async () => (await manager.get([operStatus]))[0]?.value.type === 'Integer32'
    await until(isBack, 2000 - 0, 'the region')
    isOver = true
    const asked = await Promise.all(workers)
    manager.close()
    for (const count of asked) assert.ok(count > 50, `${count} requests in ${performance.now() - killed} ms`)
    assert.ok(slowestMs < 2000, `a request took ${slowestMs} ms`)
  })

  test('a session is closed by setting it down, and comes back by itself when it is ours', async () => {
    const admin = '.1.3.6.1.2.1.74.1.3.2.1.4'
    const rows = await walk('snmpbulkwalk', '-Oq', admin)
    assert.equal((await appliance.castellan('user', 'add', 'boss', '--group', 'admin')).code, 0)
    const instance = rows.out.trim().split('\n')[0]!.split(' ')[0]!
    const security = ['-v3', '-l', 'authPriv', '-u', 'boss', '-a', 'SHA-256', '-A', 'authentication phrase']
    const down = await netsnmp('snmpset', [
      ...security,
      '-x',
      'AES',
      '-X',
      'privacy phrase',
      appliance.at.snmp,
      instance,
      'i',
      '2',
    ])
    assert.equal(down.code, 0, down.err)
    await until(
      async () => {
        const { out } = await walk('snmpbulkwalk', '-Oq', admin)
        return /\.1$/m.test(out) === false && out.includes(admin) && !out.includes(`${instance} `)
      },
      5000,
      'another session',
    )
    const status = async () => (await walk('snmpget', '-Oqv', `${critApp}.1.1.1.11.1`)).out.trim()
    await until(async () => (await status()) === '1', 3000, 'the region')
  })
})

describe('our subagents at a foreign master', needs('snmpget', 'snmpd'), () => {
  test('snmpd as the master serves critapp as our own does, and a SET through it stops sipd', async () => {
    const at = await makeHome()
    const appliance = new Appliance(at)
    const socket = join(folder, 'master.sock')
    const config = join(folder, 'master.conf')
    writeFileSync(
      config,
      [
        'master agentx',
        `agentXSocket ${socket}`,
        `agentaddress udp:127.0.0.1:${at.snmpPort}`,
        'rocommunity public',
        'rwcommunity cspsAdmin',
        '',
      ].join('\n'),
    )
    const snmpd = start('snmpd', ['-f', '-LE', '3', '-C', '-c', config], folder)
    const read = (tool: string, ...args: string[]) => netsnmp(tool, ['-v2c', '-cpublic', at.snmp, ...args])
    await until(async () => (await read('snmpget', '-r0', '-t1', '.1.3.6.1.2.1.1.3.0')).code === 0, 5000, 'snmpd')
    const { program, args } = daemonCommand('subagents', at.home)
    const subagents = spawn(program, [...args, '--agentx', socket], { stdio: 'ignore' })
    children.push(subagents)
    try {
      const status = async () => (await read('snmpget', '-Oqv', `${critApp}.1.1.1.11.1`)).out.trim()
      await until(async () => (await status()) === '1', 8000, 'sipd up')
      const [one, bulk] = [await read('snmpwalk', critApp), await read('snmpbulkwalk', critApp)]
      assert.ok(names(one.out).length > 25, one.out)
      assert.deepEqual(names(one.out), names(bulk.out))
      const set = await netsnmp('snmpset', ['-v2c', '-ccspsAdmin', at.snmp, `${critApp}.1.1.1.5.1`, 'i', '2'])
      assert.equal(set.code, 0, set.err)
      await until(async () => (await status()) === '2', 5000, 'sipd down')
      assert.equal(readPidFile(join(at.home.run, 'sipd', 'sipd.pid')), undefined)
      const bad = await netsnmp('snmpset', ['-v2c', '-ccspsAdmin', at.snmp, `${critApp}.1.1.1.5.1`, 'i', '3'])
      assert.match(bad.err, /wrongValue/)
    } finally {
      await end(subagents)
      await end(snmpd)
      await appliance.stop()
    }
  })
})
