import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, type TestHome, until } from '../support/appliance.ts'
import { hostAddresses, NamespacePair } from '../support/namespace-pair.ts'
import { namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'

const missing = namespaceMissing()
const wanted = needs('ip', 'snmpget', 'nsenter')
/** A community that nobody would guess: on these addresses the agent refuses the usual ones. */
const reader = 't8-Oder-crane'
const sysDescr = '1.3.6.1.2.1.1.1.0'

describe('an agent that listens on 0.0.0.0 and [::]', missing === undefined ? wanted : { skip: missing }, () => {
  let pair: NamespacePair
  let at: TestHome
  let traps = ''

  before(async () => {
    at = await makeHome()
    const path = join(at.home.conf, 'agent', 'snmpd.cnf')
    const text = await readFile(path, 'utf8')
    const listen = `snmpListenEntry 0.0.0.0:${at.snmpPort}\nsnmpListenEntry [::]:${at.snmpPort}`
    const tagged = 'snmpCommunityEntry tagged tagged publicSec localSnmpID - peers nonVolatile'
    const trapPort = at.trapPort
    const targets = [
      `snmpTargetAddrEntry v1peer snmpUDPDomain 10.77.0.2:${trapPort} 100 3 Console v1Params nonVolatile -`,
      `snmpTargetAddrEntry v6peer transportDomainUdpIpv6 [fd77::2]:${trapPort} 100 3 Console v2cParams nonVolatile -`,
    ].join('\n')
    const peers = [
      `snmpTargetAddrEntry peer4 snmpUDPDomain 10.77.0.2:0 100 3 peers v2cParams nonVolatile 255.255.255.255:0`,
      `snmpTargetAddrEntry peer6 transportDomainUdpIpv6 [fd77::2]:0 100 3 peers v2cParams nonVolatile [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:0`,
    ].join('\n')
    const own = text
      .replace(/^snmpListenEntry.*$/m, listen)
      .replace('public public publicSec', `public ${reader} publicSec`)
      .replace('cspsAdmin proxySec localSnmpID - -', 'cspsAdmin proxySec localSnmpID - peers')
    await writeFile(path, `${own}\n${tagged}\n${peers}\n${targets}\n`)
    pair = await NamespacePair.create()
    for (const address of ['10.77.0.2', 'fd77::2']) await receiveTraps(address)
    const { program, args } = daemonCommand('agent', at.home)
    await Promise.race([
      pair.host.start(program, ...args),
      until(() => readPidFile(join(at.home.run, 'agent', 'agent.pid')) !== undefined, 10_000, 'the agent'),
    ])
    await until(() => getone('host', '127.0.0.1').then(Boolean, () => false), 10_000, 'an answer')
  })

  after(async () => {
    await pair?.stop()
    await rm(at.home.root, { recursive: true, force: true })
  })

  /** Everything that comes to this address of the peer is kept. */
  async function receiveTraps(address: string): Promise<void> {
    const command = `${join(programRoot, 'bin', 'traprcv')} --json --address ${address} ${at.trapPort} 2>&1`
    const receiver = await pair.host.start(...pair.atPeer('sh', '-c', `exec ${command}`))
    receiver.stdout!.on('data', (chunk: Buffer) => (traps += chunk.toString()))
  }

  test('notifies targets of both families; a version 1 trap names the address that it leaves from (RFC 3584 §3.2)', async () => {
    const coldStart = (version: string): string =>
      traps.split('\n').find((line) => line.includes('"coldStart"') && line.includes(`"version":"${version}"`)) ?? ''
    await until(() => coldStart('v1') !== '' && coldStart('v2c') !== '', 5000, 'both traps')
    const { from, agentAddress } = JSON.parse(coldStart('v1'))
    assert.deepEqual({ from, agentAddress }, { from: '10.77.0.1', agentAddress: '10.77.0.1' })
    assert.match(JSON.parse(coldStart('v2c')).from, /^fd77::[15]$/)
  })

  /** Our own tool takes an answer from nobody but the address it asked. */
  function getone(from: 'host' | 'peer', host: string, community = reader, timeout = '2'): Promise<string> {
    const target = host.includes(':') ? `[${host}]:${at.snmpPort}` : `${host}:${at.snmpPort}`
    const words = [join(programRoot, 'bin', 'getone'), '--timeout', timeout, target, community, 'sysDescr']
    return from === 'peer' ? pair.inPeer(...words) : pair.host.run(...words)
  }

  for (const [name, address] of Object.entries(hostAddresses))
    test(`answers a peer from the address that it asked, ${name} ${address}`, async () => {
      assert.match(await getone('peer', address), /^sysDescr\.0 = /)
      const target = address.includes(':') ? `udp6:[${address}]:${at.snmpPort}` : `udp:${address}:${at.snmpPort}`
      assert.match(await pair.inPeer('snmpget', '-v2c', `-c${reader}`, '-r0', '-t2', target, sysDescr), /STRING/)
    })

  test('answers at the loopback addresses, and at what Debian calls the machine by', async () => {
    for (const address of ['127.0.0.1', '127.0.1.1', '::1'])
      assert.match(await getone('host', address), /^sysDescr\.0 = /)
  })

  test('answers at the link-local address of a link, which has its name as its zone', async () => {
    const links = await pair.host.run('ip', '-6', '-o', 'addr', 'show', 'dev', 'hv0', 'scope', 'link')
    const local = /inet6 (fe80:[^/]+)/.exec(links)?.[1]
    await until(() => getone('peer', `${local}%hv1`).then(Boolean, () => false), 10_000, 'an answer')
  })

  test('serves an address that is added while it runs, and is ready for one that comes back', async () => {
    for (const change of ['add', 'del', 'add']) {
      await pair.host.run('ip', 'addr', change, '10.77.0.7/24', 'dev', 'hv0')
      await pair.host.run('ip', 'addr', change, 'fd77::7/64', 'dev', 'hv0', ...(change === 'add' ? ['nodad'] : []))
    }
    for (const address of ['10.77.0.7', 'fd77::7'])
      await until(() => getone('peer', address).then(Boolean, () => false), 10_000, `an answer of ${address}`)
  })

  test('knows an IPv4 manager by its IPv4 address, and an IPv6 one by its own: a transport tag takes both', async () => {
    assert.match(await getone('peer', hostAddresses.v4, 'tagged'), /^sysDescr\.0 = /)
    assert.match(await getone('peer', hostAddresses.v6, 'tagged'), /^sysDescr\.0 = /)
    await assert.rejects(getone('host', '127.0.0.1', 'tagged', '0.1'))
    await assert.rejects(getone('host', '::1', 'tagged', '0.1'))
  })
})
