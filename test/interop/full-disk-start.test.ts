/** Every daemon starts and serves on a disk that is full, in a home that never ran too, and mends itself when there is room. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { initializeHome, pidFileOf } from '../../lib/home/home.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const { skip } = needs('snmpget')
const needsRoot = process.getuid?.() === 0 ? skip : 'mounting a small disk needs root'

describe('an appliance on a disk that is full to the last octet', { skip: needsRoot }, () => {
  let at: TestHome
  const castellan = (...args: string[]) => runBin('castellan', [...args, '--home', at.home.root])
  const filler = (): string => join(at.home.root, 'filler')
  const daemons = ['agent', 'subagents', 'sipd'] as const
  const pids = () => daemons.map((name) => readPidFile(pidFileOf(at.home, name))?.pid)
  const fill = (): void => {
    assert.throws(
      () => {
        for (;;) appendFileSync(filler(), Buffer.alloc(4096))
      },
      { code: 'ENOSPC' },
    )
    assert.equal(statfsSync(at.home.root).bavail, 0)
  }

  before(async () => {
    at = await makeHome()
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', at.home.root])
    assert.equal(mounted.status, 0, String(mounted.stderr))
    await initializeHome(at.home, at.snmpPort - 1161)
  })
  after(async () => {
    await castellan('stop')
    spawnSync('umount', [at.home.root])
    rmSync(at.home.root, { recursive: true, force: true })
  })

  /** The first of each process's three objects: failed writes, files, why. */
  const storage = {
    agent: '1.3.6.1.4.1.32473.12.1.1.5.1',
    subagents: '1.3.6.1.4.1.32473.12.40.1.9',
    sipd: '1.3.6.1.4.1.32473.12.151.1.4.1',
  } as const
  async function get(first: string): Promise<string[]> {
    const [, base = '', number] = /^(.*)\.(\d+)$/.exec(first) ?? []
    const names = [0, 1, 2].map((more) => `${base}.${Number(number) + more}.0`)
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', at.snmp, ...names])
    return out.trim().split('\n')
  }

  async function serves(): Promise<void> {
    const started = await castellan('start', '--detach')
    assert.equal(started.code, 0, started.err)
    const status = await castellan('status')
    assert.match(status.out, /^agent +runs as PID \d+\nsubagents +runs as PID \d+\nsipd +runs as PID \d+\n/)
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', at.snmp, '1.3.6.1.2.1.1.1.0'])
    assert.match(out, /Castellan/)
    const ping = await runBin('sip', ['ping', '--home', at.home.root])
    assert.equal(ping.code, 0, `${ping.out}${ping.err}`)
  }

  test('starts where it never ran, answers SNMP and SIP, and is stopped', async () => {
    fill()
    await serves()
    assert.deepEqual(
      pids().map((pid) => typeof pid),
      ['number', 'number', 'number'],
    )
    assert.equal(existsSync(pidFileOf(at.home, 'agent')), false, 'there was room for a PID file after all')
    for (const group of Object.values(storage)) {
      const [failures, files, reason] = await get(group)
      assert.ok(Number(failures) >= Number(files) && Number(files) > 0, `${group}: ${failures} ${files} ${reason}`)
      assert.match(reason!, /ENOSPC|disk is full/)
    }
    assert.equal((await castellan('stop')).code, 0)
    const left = readdirSync(at.home.run, { recursive: true, encoding: 'utf8' })
    assert.deepEqual(
      left.filter((name) => name.includes('.pid')),
      [],
    )
  })

  test('writes its PID files and snmpEngineBoots when there is room, under the same processes', async () => {
    fill()
    await serves()
    const before = pids()
    rmSync(filler())
    const engine = join(at.home.data, 'agent', 'engine.json')
    await until(() => existsSync(engine) && daemons.every((name) => existsSync(pidFileOf(at.home, name))), 15_000)
    assert.deepEqual(pids(), before)
    let left: string[] = []
    await until(async () => {
      const groups = await Promise.all(Object.values(storage).map(get))
      // That of sysappl is written again when packages are looked at next.
      left = groups.flatMap(([, files, reason]) => (files === '0' || /sysappl\.json/.test(reason!) ? [] : [reason!]))
      return left.length === 0
    }, 15_000).catch(() => assert.fail(`not kept yet: ${left.join('; ')}`))
    assert.match(readFileSync(join(at.home.logs, 'agent', 'agent.log'), 'utf8'), /and SNMPv3 is served/)
  })

  test('starts again after every daemon was killed on a full disk', async () => {
    const before = pids()
    fill()
    const starter = readPidFile(join(at.home.run, 'castellan.pid'))!
    process.kill(starter.pid, 'SIGKILL')
    for (const pid of before) process.kill(pid!, 'SIGKILL')
    await serves()
    for (const [i, pid] of pids().entries()) assert.notEqual(pid, before[i])
  })
})
