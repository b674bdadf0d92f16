/** The appliance under attack, in a namespace of its own: agent, and a sipd that listens beyond loopback, on the first core. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentxSocket } from '../../agent/trust/trust.ts'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { foldersOf, type Home, initializeHome, pidFileOf, resolveHome } from '../../lib/home/home.ts'
import { nodeOptions } from '../../lib/process/daemon.ts'
import { runProgram } from '../../lib/program/run.ts'
import { programRoot } from '../../lib/program-root.ts'
import { until } from '../../test/support/appliance.ts'
import { hostAddresses, NamespacePair } from '../../test/support/namespace-pair.ts'
import { probeCommunity } from './snmp-probe.ts'

export const sipPort = 5060
export const snmpPort = 1161
export const serverAddress = hostAddresses.v4
export const callerAddress = '10.77.0.2'
export const attackerNetwork = '10.77.0'
export const domain = 'bench.example'

/** A server for names that answers nobody. */
const silentDns = `require('node:dgram').createSocket('udp4').bind(53, '127.0.0.1', () => console.log('ready'))`

const sipdConf = [
  `Listen ${serverAddress}:${sipPort}`,
  `ProxyDomain ${domain}`,
  'AddRecordRoute On',
  'StartServers 1',
  'User root',
]

const snmpdConf = [
  `snmpListenEntry 127.0.0.1:${snmpPort}`,
  `snmpListenEntry ${serverAddress}:${snmpPort}`,
  `snmpCommunityEntry reader ${probeCommunity} readerSec localSnmpID - - nonVolatile`,
  'vacmSecurityToGroupEntry snmpv2c readerSec readers nonVolatile',
  'vacmAccessEntry readers - any noAuthNoPriv exact read - - nonVolatile',
  'vacmViewTreeFamilyEntry read iso - included nonVolatile',
]

export class Appliance {
  readonly pair: NamespacePair
  readonly home: Home

  private constructor(pair: NamespacePair, home: Home) {
    this.pair = pair
    this.home = home
  }

  static async start(addresses: readonly string[]): Promise<Appliance> {
    const pair = await NamespacePair.create()
    const folder = mkdtempSync(join(tmpdir(), 'bench-attacks-'))
    const home = resolveHome(join(folder, 'home'))
    await initializeHome(home, 0)
    writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), `${sipdConf.join('\n')}\n`, { mode: 0o600 })
    writeFileSync(join(home.conf, 'agent', 'snmpd.cnf'), `${snmpdConf.join('\n')}\n`, { mode: 0o600 })
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n')
    await pair.host.run('mount', '--bind', join(folder, 'resolv.conf'), '/etc/resolv.conf')
    await pair.host.start(process.execPath, '-e', silentDns)
    for (const address of addresses) await pair.inPeer('ip', 'addr', 'add', `${address}/24`, 'dev', 'hv1')
    const appliance = new Appliance(pair, home)
    await appliance.#startDaemons()
    return appliance
  }

  async #startDaemons(): Promise<void> {
    const { pair, home } = this
    const onFirstCore = ['taskset', '-c', '0', process.execPath, ...nodeOptions]
    const main = join(programRoot, 'dist', 'agent', 'main.js')
    void pair.host.start(...onFirstCore, main, '--home', home.root)
    await until(() => this.pidOf('agent') !== undefined, 15_000, 'the agent')
    await pair.host.run('taskset', '-c', '0', join(programRoot, 'bin', 'sip'), 'start', '--home', home.root)
  }

  /** Of the daemon itself; its workers are found from it. */
  pidOf(name: 'agent' | 'sipd'): number | undefined {
    return readPidFile(pidFileOf(this.home, name))?.pid
  }

  get agentxPath(): string {
    return agentxSocket(this.home, 'others')
  }

  logPath(name: 'agent' | 'sipd'): string {
    return join(foldersOf(this.home, name).logs, name === 'agent' ? 'agent.log' : 'error_log')
  }

  /** What `sip status --json` has. */
  async sipStatus(): Promise<unknown> {
    const { output } = await runProgram({
      argv: [join(programRoot, 'bin', 'sip'), 'status', '--home', this.home.root, '--json'],
      limitMs: 10_000,
      maxOctets: 1 << 20,
    })
    return JSON.parse(output)
  }

  async stop(): Promise<void> {
    await this.pair.host.run(join(programRoot, 'bin', 'sip'), 'stop', '--home', this.home.root).catch(() => '')
    await this.pair.stop()
    await rm(join(this.home.root, '..'), { recursive: true, force: true })
  }
}
