import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Appliance, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'agentx-hard-'))
chmodSync(folder, 0o755)
const children: ChildProcess[] = []
const sessionNames = '.1.3.6.1.2.1.74.1.3.2.1.3'
const bgpLocalAs = '.1.3.6.1.2.1.15.2.0'
/** nsCacheDefaultTimeout of NET-SNMP-AGENT-MIB, which only snmpd serves. */
const ofSnmpd = '.1.3.6.1.4.1.8072.1.5.1.0'
const timeoutLimitSeconds = 1

/** A program of Net-SNMP's library, with its configuration and nothing of the machine's. */
function environment(): NodeJS.ProcessEnv {
  const persistent = mkdtempSync(join(folder, 'persistent-'))
  chmodSync(persistent, 0o777)
  return { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: persistent, SNMPCONFPATH: folder }
}

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { env: environment(), stdio: 'ignore' })
  children.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

describe(
  'foreign subagents that hang, come and go',
  process.getuid?.() === 0
    ? needs('snmpget', 'snmpd', 'agentxtrap', '/usr/lib/frr/bgpd')
    : { skip: 'only root may give a socket to user frr' },
  () => {
    let appliance: Appliance
    // Two folders that are not there yet, as /var/agentx is not.
    const socket = join(folder, 'var', 'agentx', 'master')
    before(async () => {
      appliance = new Appliance(await makeHome())
      const lines = [
        'agentxListenEntry run/agent/agentx.sock 600',
        `agentxListenEntry ${socket} 660 frr:frr`,
        `agentxTimeoutLimit ${timeoutLimitSeconds}`,
      ]
      appendFileSync(join(appliance.at.home.conf, 'agent', 'snmpd.cnf'), `${lines.join('\n')}\n`)
      assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    })
    after(async () => {
      for (const child of children) await end(child, 'SIGKILL')
      await appliance.stop()
      await rm(folder, { recursive: true, force: true })
    })

    const ask = (tool: string, ...args: string[]) => netsnmp(tool, ['-v2c', '-cpublic', appliance.at.snmp, ...args])
    const value = async (name: string) => (await ask('snmpget', '-Oqv', name)).out.trim()
    const sessions = async () => (await ask('snmpbulkwalk', '-Oqv', sessionNames)).out
    const notifications = (name: string): string[] =>
      appliance
        .log('agent.log')
        .split('\n')
        .filter((line) => line.includes(name))

    test('FRR’s bgpd as user frr joins at a socket of its own group, in folders that the agent creates', async () => {
      assert.equal(statSync(join(folder, 'var', 'agentx')).mode & 0o777, 0o755)
      const conf = join(folder, 'frr')
      mkdirSync(conf)
      chmodSync(conf, 0o777)
      writeFileSync(join(folder, 'frr.conf'), `agentxsocket ${socket}\n`)
      const bgpdConf = join(conf, 'bgpd.conf')
      writeFileSync(bgpdConf, 'agentx\nrouter bgp 65001\n bgp router-id 192.0.2.1\n')
      const files = ['-f', bgpdConf, '-i', join(conf, 'bgpd.pid'), '--vty_socket', conf, '-z', join(conf, 'zserv.api')]
      const bgpd = start('/usr/lib/frr/bgpd', [
        '-M',
        'snmp',
        ...files,
        '-P',
        '0',
        '-p',
        '0',
        '-n',
        '-u',
        'frr',
        '-g',
        'frr',
      ])
      await until(async () => (await value(bgpLocalAs)) === '65001', 8000, 'bgpLocalAs')
      // FRR asks for 255 s as every program of Net-SNMP's library does.
      bgpd.kill('SIGSTOP')
      assert.match((await ask('snmpget', '-r0', bgpLocalAs)).err, /genError/i)
      bgpd.kill('SIGCONT')
      await until(async () => (await value(bgpLocalAs)) === '65001', 5000, 'its answer')
      await end(bgpd, 'SIGKILL')
      await until(async () => !/Net-SNMP/.test(await sessions()), 3000, 'its end')
      assert.equal(notifications('castellanSubagentLost').length, 1, 'one that is killed is lost')
    })

    test('agentxtrap notifies, and is neither lost nor back, however often it runs', async () => {
      const [lost, returned] = [notifications('castellanSubagentLost'), notifications('castellanSubagentReturned')]
      const run = promisify(execFile)
      for (const number of ['1', '2', '3'])
        await run('agentxtrap', ['-x', socket, `.1.3.6.1.4.1.8072.9999.9999.0.${number}`], { env: environment() })
      await until(() => appliance.log('agent.log').match(/it closed its session/g)?.length === 3, 3000, 'the third end')
      assert.match(appliance.log('agent.log'), /8072\.9999\.9999\.0\.3/, 'the third notification')
      assert.deepEqual(notifications('castellanSubagentLost'), lost)
      assert.deepEqual(notifications('castellanSubagentReturned'), returned)
    })

    test('a net-snmp subagent that hangs costs a genErr within our limit, is closed, passed by a walk, and answers again', async () => {
      const config = join(folder, 'subagent.conf')
      writeFileSync(config, `agentxsocket ${socket}\nagentXPingInterval 1\n`)
      const snmpd = start('snmpd', ['-X', '-f', '-LE', '3', '-C', '-c', config])
      await until(async () => /^\d+$/.test(await value(ofSnmpd)), 5000, 'snmpd')
      let timeouts: string[] = []
      await until(
        async () => {
          timeouts = (await ask('snmpbulkwalk', '-Oqv', '.1.3.6.1.2.1.74.1.4.2.1.7')).out.trim().split('\n')
          return timeouts.includes(`${timeoutLimitSeconds}`)
        },
        3000,
        'a registration of 255 s',
      )
      assert.ok(
        timeouts.every((seconds) => Number(seconds) <= timeoutLimitSeconds),
        timeouts.join(),
      )
      snmpd.kill('SIGSTOP')
      // Net-SNMP's tool waits for 5 s; without our limit there would be no answer for 255 s.
      const hung = await ask('snmpget', '-r0', ofSnmpd)
      assert.match(hung.err, /genError/i, hung.out + hung.err)
      for (const tool of ['snmpgetnext', 'snmpget']) await ask(tool, '-r0', ofSnmpd)
      await until(async () => !/Net-SNMP|snmpd/.test(await sessions()), 3000, 'the end of its session')
      assert.match((await ask('snmpget', '-r0', ofSnmpd)).out, /No Such Object/)
      const walked = await ask('snmpbulkwalk', '-r0', '.1.3.6.1.4.1')
      assert.equal(walked.code, 0, walked.err)
      snmpd.kill('SIGCONT')
      await until(async () => /^\d+$/.test(await value(ofSnmpd)), 8000, 'its return')
      await until(() => notifications('castellanSubagentReturned').length > 0, 3000, 'castellanSubagentReturned')
      await end(snmpd, 'SIGTERM')
    })
  },
)
