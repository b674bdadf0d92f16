/** A connection of SSH with an SFTP session: resolve, connect, host key, log in, each with its own sentence when it fails. */
import type { Socket } from 'node:net'
import ssh2, { type Client, type SFTPWrapper } from 'ssh2'
import type { NetworkDirectory } from '../../../lib/backup/settings.ts'
import { messageOf } from '../../../lib/errors.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import type { DeviceError, DeviceStep, StepReport } from '../device.ts'
import { deviceError, type Failure } from '../failure.ts'
import { within } from '../within.ts'
import { noCommonAlgorithm, oldAlgorithms } from './algorithms.ts'
import { fingerprintOf, kindOfKey, whyNotTrusted } from './host-key.ts'
import { LogIn } from './log-in.ts'
import { connectToServer, resolveServer } from './reach.ts'

/** What is waited for; a keep-alive is asked for after each period, and the connection is lost when three are not answered. */
export interface ConnectionLimits {
  readonly resolveMs: number
  readonly connectMs: number
  readonly logInMs: number
  readonly keepAliveMs: number
}

export const usualLimits: ConnectionLimits = {
  resolveMs: 10_000,
  connectMs: 15_000,
  logInMs: 30_000,
  keepAliveMs: 10_000,
}

export interface ConnectOptions {
  readonly clock: Clock
  readonly limits: ConnectionLimits
  readonly signal: AbortSignal
  /** False only in a validation, which shows the key to be pinned. */
  readonly mustBePinned: boolean
}

export interface Connection {
  readonly socket: Socket
  readonly client: Client
  readonly sftp: SFTPWrapper
  readonly hostKey: string
  readonly steps: readonly StepReport[]
}

export async function connectSftp(settings: NetworkDirectory, options: ConnectOptions): Promise<Connection> {
  const { clock, limits, signal } = options
  assertKeyReadable(settings)
  const addresses = await resolveServer(settings, { clock, signal, limitMs: limits.resolveMs })
  const waiting = { clock, signal, limitMs: limits.connectMs }
  const { socket, address } = await connectToServer(settings, addresses, waiting)
  const handshake = new Handshake(settings, socket, options)
  try {
    const { client, hostKey, kind } = await handshake.run()
    const sftp = await handshake.openSftp()
    const steps: StepReport[] = [
      { step: 'resolve', found: `${settings.server} is ${addresses.join(', ')}` },
      { step: 'connect', found: `${address} port ${settings.port} answers` },
      { step: 'hostKey', found: `the server shows ${hostKey} (${kind})` },
      { step: 'logIn', found: `logged in as ${settings.userName}` },
    ]
    return { socket, client, sftp, hostKey, steps }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Before anybody is asked: ssh2 would say it in the midst of a connection. */
function assertKeyReadable({ name, privateKey }: NetworkDirectory): void {
  const parsed = privateKey ? ssh2.utils.parseKey(privateKey) : undefined
  if (!(parsed instanceof Error)) return
  const isEncrypted = /passphrase|encrypted/i.test(parsed.message)
  const failure: Failure = isEncrypted
    ? { fault: 'authFailed', reason: 'it is under a passphrase', advice: 'give the device a key without one' }
    : { fault: 'authFailed', reason: parsed.message, advice: 'give the whole file that ssh-keygen wrote' }
  throw deviceError({ device: name, what: 'use the private key', step: 'logIn' }, failure, parsed)
}

/** Of the lines that ssh2 prints for debugging: only those before the log-in, and no more than any server needs. */
const mostLines = 200

class Handshake {
  readonly #settings: NetworkDirectory
  readonly #socket: Socket
  readonly #options: ConnectOptions
  readonly #client = new ssh2.Client()
  readonly #logIn: LogIn
  readonly #lines: string[] = []
  #key: Buffer | undefined
  #refusal: Failure | undefined
  #isAuthenticating = false

  constructor(settings: NetworkDirectory, socket: Socket, options: ConnectOptions) {
    this.#settings = settings
    this.#socket = socket
    this.#options = options
    this.#logIn = new LogIn(settings)
    // After this promise is settled others listen; an error that nobody hears would end the process.
    this.#client.on('error', () => {})
  }

  async run(): Promise<{ client: Client; hostKey: string; kind: string }> {
    const { clock, signal, limits } = this.#options
    const late = () => this.#failed(new Error(`no answer within ${limits.logInMs / 1000} s`))
    await within({ clock, signal, limitMs: limits.logInMs, late }, () => this.#ready())
    const key = this.#key
    if (!key) throw new Error('bug: logged in to a server without a host key')
    return { client: this.#client, hostKey: fingerprintOf(key), kind: kindOfKey(key) }
  }

  async openSftp(): Promise<SFTPWrapper> {
    const { clock, signal, limits } = this.#options
    const failed = (reason: string, cause?: unknown) =>
      this.#error(
        'logIn',
        'open an SFTP session on',
        {
          fault: 'unreachable',
          reason,
          advice: 'enable it on the server ("Subsystem sftp internal-sftp" in its sshd_config)',
        },
        cause,
      )
    const late = () => failed(`no answer within ${limits.logInMs / 1000} s`)
    return within(
      { clock, signal, limitMs: limits.logInMs, late },
      () =>
        new Promise<SFTPWrapper>((resolve, reject) => {
          this.#client.once('close', () => reject(failed('the server closed the connection')))
          this.#client.sftp((error, sftp) => (error ? reject(failed(error.message, error)) : resolve(sftp)))
        }),
    )
  }

  #ready(): Promise<void> {
    const { userName, password, privateKey, hostKey, allowsOldAlgorithms } = this.#settings
    const { limits, mustBePinned } = this.#options
    const client = this.#client
    return new Promise((resolve, reject) => {
      client.once('ready', resolve)
      client.once('error', (error) => reject(this.#failed(error)))
      client.once('close', () => reject(this.#failed(new Error('the server closed the connection'))))
      client.once('handshake', () => {
        this.#isAuthenticating = true
      })
      client.on('keyboard-interactive', this.#logIn.answer)
      client.connect({
        sock: this.#socket,
        username: userName,
        ...(password && { password }),
        ...(privateKey && { privateKey }),
        tryKeyboard: true,
        authHandler: this.#logIn.next,
        hostVerifier: (key: Buffer) => {
          this.#key = key
          this.#refusal = whyNotTrusted(key, { pinned: hostKey, mustBePinned })
          return this.#refusal === undefined
        },
        ...(allowsOldAlgorithms && { algorithms: oldAlgorithms }),
        readyTimeout: 0, // ours has its own sentence
        keepaliveInterval: limits.keepAliveMs,
        keepaliveCountMax: 3,
        debug: (line) => {
          if (!this.#isAuthenticating && this.#lines.length < mostLines) this.#lines.push(line)
        },
      })
    })
  }

  #failed(error: Error): DeviceError {
    if (this.#refusal) return this.#error('hostKey', 'trust', this.#refusal, error)
    if (this.#isAuthenticating) return this.#error('logIn', 'log in to', this.#logInFailure(error), error)
    const allowsOld = this.#settings.allowsOldAlgorithms ?? false
    const failure = noCommonAlgorithm(error.message, this.#lines, { allowsOld }) ?? {
      fault: 'unreachable',
      reason: messageOf(error),
      advice: 'check that an SSH server answers on this port, and its log',
    }
    return this.#error('connect', 'speak SSH with', failure, error)
  }

  #logInFailure(error: Error): Failure {
    if (/authentication methods failed/.test(error.message)) return this.#logIn.failure
    return { fault: 'unreachable', reason: error.message, advice: 'see the log of the SSH server (sshd)' }
  }

  #error(step: DeviceStep, what: string, failure: Failure, cause?: unknown): DeviceError {
    const { name, server, port } = this.#settings
    return deviceError({ device: name, what: `${what} ${server} port ${port}`, step }, failure, cause)
  }
}

/** Ends a connection: politely, and for certain soon after. */
export async function disconnect(client: Client, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  client.end()
  const never = new AbortController().signal
  const late = () => new Error('the server does not close the connection')
  await within({ clock, limitMs: 1000, signal: never, late }, () => closed).catch(() => client.destroy())
}
