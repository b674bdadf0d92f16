/** OpenSSH's server with its internal-sftp, as the test's own user, on a port and with keys of the test's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { NetworkDirectory } from '../../lib/backup/settings.ts'
import { codeOf } from '../../lib/errors.ts'
import { visibleProcesses } from '../../lib/proc/process.ts'
import { freePorts } from './sip-ports.ts'

const program = '/usr/sbin/sshd'

export const noSshd: string | false = existsSync(program) ? false : 'sshd is not installed'
export const noSshdAsRoot: string | false =
  process.getuid?.() === 0 ? noSshd : 'only root may have sshd check passwords and serve other users'

export interface SshdOptions {
  /** Lines of sshd_config(5) besides those that every test needs. */
  readonly config?: readonly string[]
  /** The kind of host key. */
  readonly keyType?: 'ed25519' | 'rsa'
  /** Has the test's user log in with this; only root can. */
  readonly password?: string
  readonly subsystem?: string
  readonly port?: number
}

export class Sshd {
  readonly port: number
  readonly fingerprint: string
  /** Text of the key that may log in. */
  readonly privateKey: string
  output = ''
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(folder: string, port: number, process: ChildProcess) {
    this.#folder = folder
    this.port = port
    this.#process = process
    this.privateKey = readFileSync(join(folder, 'user_key'), 'utf8')
    this.fingerprint = fingerprintOf(join(folder, 'host_key.pub'))
  }

  static async start(options: SshdOptions = {}): Promise<Sshd> {
    const { keyType = 'ed25519', port = await freePorts(1) } = options
    // Not in the folder of the user who runs npm test: sshd reads it as the user who logs in.
    const folder = mkdtempSync('/tmp/castellan-sshd-')
    chmodSync(folder, 0o755)
    makeKey(join(folder, 'host_key'), keyType)
    makeKey(join(folder, 'user_key'), 'ed25519')
    writeFileSync(join(folder, 'sshd_config'), configOf(folder, port, options))
    const server = spawn('/bin/sh', ['-c', startScript(folder, options.password)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const sshd = new Sshd(folder, port, server)
    const listens = new Promise<void>((resolve) => {
      server.stderr?.on('data', (chunk: Buffer) => {
        sshd.output += chunk.toString()
        if (sshd.output.includes('Server listening')) resolve()
      })
    })
    await Promise.race([listens, once(server, 'exit')])
    if (server.exitCode !== null) throw new Error(`sshd did not start: ${sshd.output}`)
    return sshd
  }

  /** A device on this server, for the user of the test. */
  settings(path: string, more: Partial<NetworkDirectory> = {}): NetworkDirectory {
    const { port, privateKey, fingerprint } = this
    const userName = userInfo().username
    const shared = { type: 'network', name: 'far', server: '127.0.0.1', path, userName, retention: 2 } as const
    return { ...shared, port, privateKey, hostKey: fingerprint, ...more }
  }

  /** PIDs of the processes that serve a connection now. */
  sessions(): number[] {
    const all = visibleProcesses()
    const below = (pid: number): number[] =>
      all.filter(({ parentPid }) => parentPid === pid).flatMap((one) => [one.pid, ...below(one.pid)])
    return below(this.#process.pid ?? 0)
  }

  /** As a crash of the server does; those that connect later are served. */
  killSessions(): void {
    for (const pid of this.sessions()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if (codeOf(error) !== 'ESRCH') throw error // it has ended meanwhile
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM')
      await once(this.#process, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function makeKey(path: string, type: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', path])
}

function fingerprintOf(path: string): string {
  return execFileSync('ssh-keygen', ['-l', '-f', path]).toString().split(' ')[1] ?? ''
}

function configOf(folder: string, port: number, options: SshdOptions): string {
  const { config = [], subsystem = 'internal-sftp', password } = options
  return [
    ...config,
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/user_key.pub`,
    'StrictModes no',
    'UsePAM no',
    'KbdInteractiveAuthentication no',
    'PidFile none',
    'PermitRootLogin yes',
    `PasswordAuthentication ${password === undefined ? 'no' : 'yes'}`,
    `Subsystem sftp ${subsystem}`,
    '',
  ].join('\n')
}

/** As root it has a /run and, for a password, an /etc/shadow of its own: in a mount namespace, which sees no later mount. */
function startScript(folder: string, password: string | undefined): string {
  const serve = `exec ${program} -D -e -f ${folder}/sshd_config`
  if (process.getuid?.() !== 0) return serve
  const own = ['mount -t tmpfs -o mode=755 castellan-test /run', 'mkdir /run/sshd']
  if (password !== undefined) {
    writeFileSync(join(folder, 'shadow'), shadowWith(password), { mode: 0o600 })
    own.push(`mount --bind ${folder}/shadow /etc/shadow`)
  }
  return `exec unshare --mount sh -c '${[...own, serve].join(' && ')}'`
}

function shadowWith(password: string): string {
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password }).toString().trim()
  const user = userInfo().username
  return readFileSync('/etc/shadow', 'utf8')
    .split('\n')
    .map((line) => (line.startsWith(`${user}:`) ? `${user}:${hash}:19000:0:99999:7:::` : line))
    .join('\n')
}
