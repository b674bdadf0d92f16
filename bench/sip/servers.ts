/** The two SIP servers that are measured, each alone on the first core, with the same domain and the same rights. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import { initializeHome, resolveHome } from '../../lib/home/home.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { readRoute } from '../../sipd/routes/route.ts'
import { RoutesFile } from '../../sipd/routes/routes-file.ts'

export interface MeasuredServer {
  readonly name: 'kamailio' | 'sipd'
  readonly port: number
  readonly process: ChildProcess
  /** From the start of the process to its first answer. */
  readonly firstAnswerMs: number
  readonly folder: string
}

export const serverNames = ['kamailio', 'sipd'] as const
const domain = 'bench.example'
const build = join(programRoot, 'bench', 'build')

/** Compiles the generator when its source is newer; gives its path. */
export function compileLoad(): string {
  mkdirSync(build, { recursive: true })
  const target = join(build, 'sip-load')
  const source = join(programRoot, 'bench', 'sip', 'load.c')
  if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs)
    execFileSync('gcc', ['-O2', '-o', target, source], { stdio: 'inherit' })
  return target
}

/** Starts one and waits for its first answer to an OPTIONS; throws with what it said when it ends before that. */
export async function startServer(name: MeasuredServer['name'], port: number): Promise<MeasuredServer> {
  const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`))
  const command = name === 'kamailio' ? kamailioCommand(folder, port) : await sipdCommand(folder, port)
  const began = performance.now()
  const child = spawn('taskset', ['-c', '0', ...command], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
  try {
    await answers(child, port)
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${name} on port ${port}: ${messageOf(error)}\n${said}`, { cause: error })
  }
  return { name, port, process: child, firstAnswerMs: performance.now() - began, folder }
}

export async function stopServer({ process: child, folder }: MeasuredServer): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await rm(folder, { recursive: true, force: true })
}

/** A number that the generator calls in its mode `routed`. */
export function routedNumber(user: number): string {
  return `+1408${String(user).padStart(7, '0')}`
}

/** These patterns lead to a port of this machine from now on. */
export function setRoutes({ folder }: MeasuredServer, patterns: readonly string[], nextHopPort: number): void {
  const file = new RoutesFile(join(folder, 'data', 'sipd', 'routing_db.sqlite'))
  const port = String(nextHopPort)
  try {
    file.replaceAll(
      patterns.flatMap((pattern) => {
        const read = readRoute({
          destination_pattern: pattern,
          next_hop: '127.0.0.1',
          next_hop_port: port,
          transport: 'UDP',
        })
        return 'route' in read ? [read.route] : []
      }),
    )
  } finally {
    file.close()
  }
}

/** `tlsf`, as the packaged default allocator is one for finding faults, and two to five times slower. */
function kamailioCommand(folder: string, port: number): string[] {
  const config = join(programRoot, 'bench', 'sip', 'kamailio.cfg')
  const memory = ['-m', '4096', '-M', '16', '-x', 'tlsf', '-X', 'tlsf', '-b', '4194304']
  return [
    '/usr/sbin/kamailio',
    '-f',
    config,
    '-DD',
    '-E',
    '-n',
    '1',
    ...memory,
    '-Y',
    folder,
    '-l',
    `udp:127.0.0.1:${port}`,
  ]
}

async function sipdCommand(folder: string, port: number): Promise<string[]> {
  const home = resolveHome(folder)
  await initializeHome(home, 0)
  const lines = [
    `Listen 127.0.0.1:${port}`,
    `ProxyDomain ${domain}`,
    'AddRecordRoute On',
    'StartServers 1',
    'RegistrarMaxUsers 300000',
    'FloodThreshold 0',
  ]
  writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })
  const { program, args } = daemonCommand('sipd', home)
  return [program, ...args]
}

/** Asks every 2 ms until there is an answer. */
async function answers(child: ChildProcess, port: number): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  let asked = 0
  const ask = (): void => {
    const branch = `z9hG4bKfirst${asked++}`
    const lines = [
      `OPTIONS sip:${domain} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1;rport;branch=${branch}`,
      `From: <sip:bench@${domain}>;tag=1`,
      `To: <sip:${domain}>`,
      `Call-ID: ${branch}`,
      'CSeq: 1 OPTIONS',
      'Max-Forwards: 70',
      'Content-Length: 0',
    ]
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, port, '127.0.0.1', () => {})
  }
  const asking = setInterval(ask, 2)
  const ended = new AbortController()
  const onExit = (): void => ended.abort(new Error('it ended before it answered'))
  child.once('exit', onExit)
  const late = setTimeout(() => ended.abort(new Error('it did not answer an OPTIONS within 15 s')), 15_000)
  try {
    await once(socket, 'message', { signal: ended.signal })
  } catch {
    throw ended.signal.reason
  } finally {
    child.off('exit', onExit)
    clearTimeout(late)
    clearInterval(asking)
    socket.close()
  }
}
