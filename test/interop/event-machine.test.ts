import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { makeHome, type TestHome, until } from '../support/appliance.ts'
import { NetworkNamespace, namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'

/** Mounts and processes are looked at every 10 s, and triggers look every second. */
const withinMs = 25_000
const missing = namespaceMissing()
const wanted = needs('nsenter', 'mount', 'ip')

describe('what appears and vanishes on a machine', missing === undefined ? wanted : { skip: missing }, () => {
  let namespace: NetworkNamespace
  let at: TestHome

  before(async () => {
    at = await makeHome()
    const { conf } = at.home
    const access = join(conf, 'agent/snmpd.cnf')
    writeFileSync(access, `${readFileSync(access, 'utf8')}vacmViewTreeFamilyEntry watch iso - included nonVolatile\n`)
    const watched = { link: 'ifDescr', process: 'hrSWRunName', mount: 'hrFSMountPoint' }
    const lines = Object.entries(watched).flatMap(([name, object]) => [
      `mteTriggerEntry o ${name} ${name} 80 absoluteValue ${object} true - - false 1 - - true active`,
      `mteTriggerExistenceEntry c0 00 - - o tell o ${name}`,
    ])
    const event = ['mteEventEntry tell - 80 true active o', 'mteEventNotificationEntry 0.0 - - o tell']
    writeFileSync(join(conf, 'agent/eventagt.cnf'), `${[...lines, ...event].join('\n')}\n`)
    namespace = await NetworkNamespace.create('')
    const { program, args } = daemonCommand('agent', at.home)
    await Promise.race([
      namespace.start(program, ...args),
      until(() => readPidFile(join(at.home.run, 'agent', 'agent.pid')) !== undefined, 10_000, 'the agent'),
    ])
    // The first samples say what is there; what comes then, has appeared.
    await until(async () => (await instances('process')) > 0 && (await instances('mount')) > 0, withinMs, 'the samples')
  })
  after(async () => {
    await namespace?.stop()
    await rm(at.home.root, { recursive: true, force: true })
  })

  const instances = async (name: string): Promise<number> => {
    const row = `.1.3.6.1.4.1.32473.12.88.1.1.1.3.1.111.${[...Buffer.from(name)].join('.')}`
    const got = await namespace.run('snmpget', '-v2c', '-cpublic', '-Oqv', at.snmp, row).catch(() => '0')
    return Number(got)
  }
  const log = (): string => readFileSync(join(at.home.logs, 'agent', 'agent.log'), 'utf8')
  /** The sentences that the agent logged of its notifications. */
  const told = (sentence: RegExp): number =>
    [
      ...readFileSync(join(at.home.logs, 'agent', 'agent.log'), 'utf8').matchAll(
        /name=mteTriggerFired sentence="([^"]*)"/g,
      ),
    ].filter(([, said]) => sentence.test(said!)).length
  const once = async (sentence: RegExp): Promise<void> => {
    await until(() => told(sentence) > 0, withinMs, String(sentence))
    assert.equal(told(sentence), 1, String(sentence))
  }

  test('a link', async () => {
    await namespace.run('ip', 'link', 'add', 'ghost0', 'type', 'veth', 'peer', 'name', 'ghost1')
    await once(/^link: ifDescr\.\d+ appeared, with ghost0$/)
    const index = /ifDescr\.(\d+) appeared, with ghost0/.exec(log())![1]
    await namespace.run('ip', 'link', 'del', 'ghost0')
    await once(new RegExp(`^link: ifDescr\\.${index} is gone$`))
  })

  test('a process', async () => {
    // A name of its own: the machine's /proc shows what others start and end as well.
    const name = `ghost${process.pid}`
    const program = join(at.home.root, name)
    copyFileSync('/bin/sleep', program)
    const ended = namespace.start(program, '15')
    await once(new RegExp(`^process: hrSWRunName\\.\\d+ appeared, with ${name}$`))
    const pid = new RegExp(`hrSWRunName\\.(\\d+) appeared, with ${name}`).exec(log())![1]
    await ended
    await until(() => told(new RegExp(`^process: hrSWRunName\\.${pid} is gone$`)) > 0, withinMs, 'its end')
  })

  test('a file system', async () => {
    const folder = join(at.home.root, 'disk')
    mkdirSync(folder)
    await namespace.run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder)
    await once(new RegExp(`^mount: hrFSMountPoint\\.\\d+ appeared, with ${folder}$`))
    const index = new RegExp(`hrFSMountPoint\\.(\\d+) appeared, with ${folder}`).exec(log())![1]
    await namespace.run('umount', folder)
    await once(new RegExp(`^mount: hrFSMountPoint\\.${index} is gone$`))
  })
})
