import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { foldersOf, type Home, pidFileOf } from '../../lib/home/home.ts'
import { visibleProcesses } from '../../lib/proc/process.ts'
import { listPids, readStat } from '../../lib/proc/processes.ts'
import { sendSignal } from '../../lib/proc/signal.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { readableProgram } from '../support/other-user.ts'
import { needs } from '../support/peers.ts'

const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
const sipdUid = 61_102
const hrSystemDate = '1.3.6.1.2.1.25.1.2.0'
/** critAppProcEntry, of the first row. */
const row = (column: number): string => `1.3.6.1.4.1.32473.12.29.1.1.1.${column}.1`

/** Agent, subagents and sipd with hardly anything: 64 descriptors, a heap of 200 MB, a /proc that hides, and a clock at 1970. */
class ScarceAppliance {
  readonly at: TestHome
  readonly #children: ChildProcess[] = []
  readonly #program = readableProgram()

  constructor(at: TestHome) {
    this.at = at
    this.setClock('@1970-01-01 00:01:00')
    const { root, conf } = this.at.home
    for (const folder of [root, conf, this.at.home.data, this.at.home.logs, this.at.home.run]) chmodSync(folder, 0o755)
    const { conf: own, data, logs, run } = foldersOf(this.at.home, 'sipd')
    execFileSync('chmod', ['-R', 'a+rX', own])
    for (const folder of [data, logs, run]) chownSync(folder, sipdUid, sipdUid)
    const health = 'sip - 1 1 3'
    writeFileSync(
      join(foldersOf(this.at.home, 'subagents').conf, 'critagt.cnf'),
      `critAppProcEntry 1 sipd "/bin/sh ${this.#script('sipd')}" - up true 10 true true true 5 nonVolatile - 0 600 0 - ${health}\n`,
    )
  }

  /** As libfaketime reads it at every question for the wall clock; the monotonic one stays as it is. */
  setClock(text: string): void {
    writeFileSync(this.#clock, `${text}\n`)
  }

  get #clock(): string {
    return join(this.at.home.root, 'clock')
  }

  async start(name: 'agent' | 'subagents'): Promise<void> {
    const child = spawn('unshare', ['--mount', 'sh', this.#script(name)], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.push(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(() => child.exitCode !== null || this.pidOf(name) === child.pid, 20_000, `the ${name}`)
    assert.equal(child.exitCode, null, said)
  }

  /** A shell script that becomes the daemon. */
  #script(name: 'agent' | 'subagents' | 'sipd'): string {
    // Without CAP_SYS_PTRACE root cannot look at processes of others either, where /proc hides them.
    const path = join(this.at.home.root, `${name}.sh`)
    const become =
      name === 'sipd'
        ? `setpriv --reuid=${sipdUid} --regid=${sipdUid} --clear-groups`
        : 'setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace'
    const environment = [
      'NODE_OPTIONS=--max-old-space-size=200',
      `LD_PRELOAD=${faketime}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#clock}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ]
    const load = `--require=${join(this.#program, 'dist', 'lib', 'process', 'load-in-order.js')}`
    const main = join(this.#program, 'dist', name, 'main.js')
    writeFileSync(
      path,
      [
        ...(name === 'sipd' ? [] : ['mount --make-rprivate / && mount -t proc proc /proc']),
        'ulimit -n 64',
        `exec ${become} env ${environment.join(' ')} ${process.execPath} ${load} ${main} --home ${this.at.home.root}`,
        '',
      ].join('\n'),
    )
    return path
  }

  pidOf(name: 'agent' | 'subagents' | 'sipd'): number | undefined {
    return readPidFile(pidFileOf(this.at.home, name))?.pid
  }

  /** Who is who, workers of sipd included; the same before and after is what all is about. */
  pids(): Record<string, number | readonly number[] | undefined> {
    const sipd = this.pidOf('sipd')
    const workers = listPids().filter((pid) => readStat(pid)?.parentPid === sipd)
    return { agent: this.pidOf('agent'), subagents: this.pidOf('subagents'), sipd, workers }
  }

  async get(oid: string): Promise<string> {
    const { out, err } = await netsnmp('snmpget', ['-v2c', '-c', 'public', '-Oqv', this.at.snmp, oid])
    return out.trim() || err.trim()
  }

  log(name: 'agent' | 'subagents' | 'sipd'): string {
    const file = name === 'sipd' ? 'error_log' : `${name}.log`
    return readFileSync(join(foldersOf(this.at.home, name).logs, file), 'utf8')
  }

  /** Serves in every respect: over SNMP, over UDP and TCP. */
  async serves(): Promise<void> {
    assert.match(await this.get('1.3.6.1.2.1.1.3.0'), /^\d/)
    for (const transport of [[], ['--tcp']])
      await until(
        async () => {
          const uri = `sip:127.0.0.1:${this.at.sipPort}`
          return (await runBin('sip', ['ping', '--uri', uri, '--timeout', '2', ...transport])).code === 0
        },
        20_000,
        `sipd by ${transport[0] ?? 'UDP'}`,
      )
  }

  /** sipd too, which may not have come as far as its PID file. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const child of this.#children)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    const { root } = this.at.home
    for (const one of visibleProcesses()) if (one.command.includes(root)) sendSignal(one, 'SIGKILL')
    await rm(root, { recursive: true, force: true })
  }
}

const unavailable =
  process.getuid?.() !== 0
    ? { skip: 'only root may mount a /proc' }
    : needs('unshare', 'setpriv', 'prlimit', 'nsenter', faketime)

describe('an appliance with 64 descriptors, 200 MB of heap and a clock at 1970', unavailable, () => {
  let appliance: ScarceAppliance
  let pids: ReturnType<ScarceAppliance['pids']>
  before(async () => {
    appliance = new ScarceAppliance(await makeHome())
    await appliance.start('agent')
    await appliance.start('subagents')
    // It answers before it writes its PID file.
    const isUp = async (): Promise<boolean> => (await appliance.get(row(11))) === '1'
    await until(async () => appliance.pidOf('sipd') !== undefined && (await isUp()), 20_000, 'sipd, up')
    pids = appliance.pids()
    assert.deepEqual([pids.workers].flat().length, 1)
  })
  after(() => appliance.stop())

  /** Nothing ended, nothing was restarted, and all serves. */
  async function isWell(): Promise<void> {
    assert.deepEqual(appliance.pids(), pids)
    await appliance.serves()
    await until(async () => (await appliance.get(row(11))) === '1', 10_000, 'sipd, up')
    assert.equal(await appliance.get(row(21)), '0', 'critAppExits')
    assert.deepEqual(appliance.pids(), pids)
  }

  test('serves', isWell)

  test('outlives 150 connections that one client opens to sipd, and serves others after them', async () => {
    const sockets: Socket[] = []
    for (let i = 0; i < 150; i++) sockets.push(connect(appliance.at.sipPort, '127.0.0.1').on('error', () => {}))
    await until(() => sockets.every(({ connecting }) => !connecting), 10_000, 'the connections')
    await until(async () => /^\d/.test(await appliance.get('1.3.6.1.2.1.1.3.0')), 5000, 'the agent')
    await until(
      () => sockets.some(({ closed }) => closed) || appliance.log('sipd').includes('no descriptor is left'),
      10_000,
    )
    for (const socket of sockets) socket.destroy()
    await isWell()
  })

  test('outlives subagents and an agent that have no descriptor left at all', async () => {
    const limits = (['subagents', 'agent'] as const).map((name) => ({ pid: appliance.pidOf(name)!, count: 64 }))
    // As many checks as would have had sipd killed.
    const failed = (): number => appliance.log('subagents').split('a health check could not be made').length - 1
    await until(
      () => {
        // One may have been open for a moment when it was looked at first.
        for (const limit of limits) {
          limit.count = Math.min(limit.count, lowestFreeDescriptor(limit.pid))
          limitDescriptors(limit.pid, limit.count)
        }
        return failed() >= 3
      },
      20_000,
      'health checks that cannot be made',
    )
    assert.match(await appliance.get('1.3.6.1.2.1.1.3.0'), /^\d/)
    for (const { pid } of limits) limitDescriptors(pid, 64)
    await isWell()
  })

  test('outlives a /proc that hides the processes of others', async () => {
    const remount = (hidepid: number): void => {
      for (const name of ['subagents', 'agent'] as const)
        execFileSync('nsenter', [
          '--target',
          String(appliance.pidOf(name)),
          '--mount',
          'mount',
          '-o',
          `remount,hidepid=${hidepid}`,
          '/proc',
        ])
    }
    for (const hidepid of [2, 1]) {
      remount(hidepid)
      const checks = checksAnswered(appliance.at.home)
      await until(() => checksAnswered(appliance.at.home) >= checks + 3, 20_000, 'health checks')
      await isWell()
    }
    remount(0)
    await isWell()
  })

  test('outlives the step of the clock to now', async () => {
    assert.match(await appliance.get(hrSystemDate), /^"?07 B2 /, 'the agent is at 1970')
    appliance.setClock('+0')
    const year = new Date().getUTCFullYear()
    const octets = [year >> 8, year & 0xff].map((octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join(' ')
    await until(async () => (await appliance.get(hrSystemDate)).includes(octets), 10_000, 'the time of the agent')
    const path = join(foldersOf(appliance.at.home, 'sipd').logs, 'access_log')
    await until(() => readFileSync(path, 'utf8').includes(`/${year}:`), 10_000, 'the time of sipd')
    await isWell()
  })
})

/** OPTIONS that sipd has logged are those of its health check. */
function checksAnswered(home: Home): number {
  const path = join(foldersOf(home, 'sipd').logs, 'access_log')
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length : 0
}

function lowestFreeDescriptor(pid: number): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let free = 0
  while (open.has(free)) free++
  return free
}

/** The soft limit; the hard one stays. */
function limitDescriptors(pid: number, count: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`])
}
