/** The two agents that are measured, each alone on the first core, with the same table and the same rights. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addUser } from '../../commands/user/add.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { nodeOptions } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { benchUser } from './record.ts'

export interface MeasuredAgent {
  readonly name: string
  readonly port: number
  readonly process: ChildProcess
  /** Where the table is served from elsewhere, on the same core. */
  readonly subagent?: ChildProcess
}

const build = join(programRoot, 'bench', 'build')

/** Compiles what is in C, when it is newer than what was compiled. */
export function compile(): { load: string; replay: string; bigTable: string } {
  mkdirSync(build, { recursive: true })
  const load = join(build, 'load')
  const bigTable = join(build, 'bigtable.so')
  cc(load, 'load.c', ['-O2'])
  const replay = join(build, 'replay')
  cc(replay, 'replay.c', ['-O2'])
  const config = (option: string): string[] =>
    execFileSync('net-snmp-config', [option], { encoding: 'utf8' }).trim().split(/\s+/)
  cc(bigTable, 'bigtable.c', ['-O2', '-fPIC', '-shared', ...config('--base-cflags')])
  return { load, replay, bigTable }
}

function cc(target: string, source: string, flags: readonly string[]): void {
  const path = join(programRoot, 'bench', 'snmp', source)
  if (existsSync(target) && statSync(target).mtimeMs > statSync(path).mtimeMs) return
  execFileSync('gcc', ['-o', target, path, ...flags], { stdio: 'inherit' })
}

/** snmpd logs every request unless it is told not to (-LE 3), which would make the comparison unfair. */
export function startSnmpd(port: number, bigTable: string): MeasuredAgent {
  const folder = mkdtempSync(join(tmpdir(), 'bench-snmpd-'))
  const { userName, auth, priv } = benchUser
  const config = join(folder, 'snmpd.conf')
  writeFileSync(
    config,
    [
      `agentaddress udp:127.0.0.1:${port}`,
      `dlmod bigtable ${bigTable}`,
      'view walked included .1.3.6.1.2.1.1',
      'view walked included .1.3.6.1.2.1.2',
      'view walked included .1.3.6.1.2.1.31',
      'view walked included .1.3.6.1.4.1.8072',
      'rocommunity public 127.0.0.1 -V walked',
      `createUser ${userName} SHA ${auth!.passphrase} AES ${priv!.passphrase}`,
      `rouser ${userName} priv -V walked`,
      '',
    ].join('\n'),
  )
  const env = { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: folder, PATH: `${process.env.PATH}:/usr/sbin` }
  const child = spawn('taskset', ['-c', '0', 'snmpd', '-f', '-LE', '3', '-C', '-c', config], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { name: 'snmpd', port, process: child }
}

/** The whole agent as it ships, with its default configuration and the table added. */
export async function startCastellan(portOffset: number): Promise<MeasuredAgent> {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'bench-castellan-')))
  await initializeHome(home, portOffset)
  writeFileSync(join(home.conf, 'subagents', 'critagt.cnf'), '# nothing to supervise while measuring\n', {
    mode: 0o600,
  })
  const passphraseFile = join(home.root, 'passphrases')
  writeFileSync(passphraseFile, `${benchUser.auth!.passphrase}\n${benchUser.priv!.passphrase}\n`)
  await addUser(home, benchUser.userName, { auth: 'SHA', priv: 'AES', group: 'read', passphraseFile })
  const agent = join(programRoot, 'dist', 'bench', 'snmp', 'agent.js')
  const child = spawn('taskset', ['-c', '0', process.execPath, ...nodeOptions, agent, home.root], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { name: 'castellan', port: 1161 + portOffset, process: child }
}

/** The agent's own daemon in a new home, as `castellan start` starts it. */
export async function startShippedCastellan(portOffset: number): Promise<MeasuredAgent> {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'bench-castellan-')))
  await initializeHome(home, portOffset)
  return { name: 'castellan', port: 1161 + portOffset, process: runCastellan(agentDaemon(home)) }
}

const agentDaemon = (home: Home): readonly string[] => [
  join(programRoot, 'dist', 'agent', 'main.js'),
  '--home',
  home.root,
]

function runCastellan(program: readonly string[]): ChildProcess {
  const args = ['-c', '0', process.execPath, ...nodeOptions, ...program]
  return spawn('taskset', args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** snmpd as a master, and a second snmpd as its subagent with the table; both on the first core. */
export function startSnmpdPair(port: number, bigTable: string): MeasuredAgent {
  const folder = mkdtempSync(join(tmpdir(), 'bench-snmpd-'))
  const socket = join(folder, 'agentx')
  const run = (name: string, lines: readonly string[], options: readonly string[]): ChildProcess => {
    const config = join(folder, `${name}.conf`)
    writeFileSync(config, `${lines.join('\n')}\n`)
    const persistent = mkdtempSync(join(folder, 'persistent-'))
    const env = { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: persistent, PATH: `${process.env.PATH}:/usr/sbin` }
    const args = ['-c', '0', 'snmpd', ...options, '-f', '-LE', '3', '-C', '-c', config]
    return spawn('taskset', args, { env, stdio: 'ignore' })
  }
  const master = run(
    'master',
    ['master agentx', `agentXSocket ${socket}`, `agentaddress udp:127.0.0.1:${port}`, 'rocommunity public 127.0.0.1'],
    [],
  )
  const subagent = run(
    'subagent',
    [`agentxsocket ${socket}`, 'agentxPingInterval 1', `dlmod bigtable ${bigTable}`],
    ['-X'],
  )
  return { name: 'snmpd', port, process: master, subagent }
}

/** The whole agent, and a subagent of ours with the table. */
export async function startCastellanPair(portOffset: number): Promise<MeasuredAgent> {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'bench-castellan-')))
  await initializeHome(home, portOffset)
  const master = runCastellan(agentDaemon(home))
  const subagent = runCastellan([
    join(programRoot, 'dist', 'bench', 'snmp', 'subagent.js'),
    home.root,
    join(home.run, 'agent', 'agentx.sock'),
  ])
  return { name: 'castellan', port: 1161 + portOffset, process: master, subagent }
}

export async function stopAgent({ process: child, subagent }: MeasuredAgent): Promise<void> {
  if (subagent && subagent.exitCode === null && subagent.signalCode === null) {
    subagent.kill('SIGTERM')
    await once(subagent, 'exit')
  }
  child.kill('SIGTERM')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

export interface Usage {
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/** proc(5): utime and stime in ticks of 1/100 s, resident pages of 4096 octets. */
export function usageOf({ process: child }: MeasuredAgent): Usage {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, residentBytes: Number(fields[21]) * 4096 }
}
