/** baresip as a telephone that registers, answers by itself, plays a silent file and has no sound card. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './appliance.ts'
import { freePorts } from './sip-ports.ts'

export interface BaresipOptions {
  readonly user: string
  /** host:port of the registrar, which is also the outbound proxy. */
  readonly proxy: string
  readonly transport?: 'udp' | 'tcp' | 'tls'
  /** Called once the telephone is registered. */
  readonly calls?: string
  /** The address that it has, and writes into its Contact; 127.0.0.1 unless said. */
  readonly address?: string
  /** The authorities that it believes, as PEM. */
  readonly authority?: string
  /** It keeps its flow alive and has an instance (RFC 5626). */
  readonly isOutbound?: boolean
  /** What runs a command where the telephone is; here, unless said. */
  readonly within?: (...words: readonly string[]) => { readonly program: string; readonly args: readonly string[] }
}

const modules = '/usr/lib/baresip/modules'
/** Lets what is written to it go to a port of the place where it runs, and prints what comes back. */
const bridge = `const s = require('net').connect(+process.argv[1], '127.0.0.1'); process.stdin.pipe(s); s.pipe(process.stdout); s.on('error', () => process.exit(1)); s.on('close', () => process.exit(0))`

export class Baresip {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #options: BaresipOptions
  #control: ChildProcess | undefined
  #output = ''
  #heard = 0

  constructor(options: BaresipOptions, controlPort?: number) {
    this.#options = options
    const { user, proxy, transport = 'udp', calls, address = '127.0.0.1', authority, isOutbound = false } = options
    this.#folder = mkdtempSync(join(tmpdir(), 'baresip-'))
    const silence = join(this.#folder, 'silence.wav')
    writeFileSync(silence, silentWave(60))
    writeFileSync(
      join(this.#folder, 'config'),
      [
        `sip_listen ${address}:0`,
        ...(authority === undefined ? [] : [`sip_cafile ${authority}`]),
        `module_path ${modules}`,
        ...(isOutbound ? ['module_tmp uuid.so'] : []), // makes an instance for each folder
        ...['g711', 'aufile'].map((name) => `module ${name}.so`),
        ...['account', 'menu', ...(controlPort === undefined ? [] : ['ctrl_tcp'])].map(
          (name) => `module_app ${name}.so`,
        ),
        ...(controlPort === undefined ? [] : [`ctrl_tcp_listen 127.0.0.1:${controlPort}`]),
        `audio_source aufile,${silence}`,
        `audio_player aufile,${join(this.#folder, 'heard.wav')}`,
        `audio_alert aufile,${join(this.#folder, 'alert.wav')}`,
        '',
      ].join('\n'),
    )
    const account = [
      `<sip:${user}@example.test;transport=${transport}>`,
      `outbound="sip:${proxy};transport=${transport}"`,
      ...(isOutbound ? ['sipnat=outbound'] : []),
      'regint=600;answermode=auto;audio_codecs=PCMU',
    ].join(';')
    writeFileSync(join(this.#folder, 'accounts'), `${account}\n`)
    const words = ['-s', '-f', this.#folder, '-t', '120', ...(calls === undefined ? [] : ['-e', `d ${calls}`])]
    const { program, args } = this.#where('baresip', ...words)
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
  }

  /** A telephone that does what it is told by `press`; resolves when it is registered. */
  static async controlled(options: BaresipOptions): Promise<Baresip> {
    const port = await freePorts(1)
    const phone = new Baresip(options, port)
    await phone.printed(/: .*\b200 OK|\{[^}]*REGISTER_OK/)
    const { program, args } = phone.#where(process.execPath, '-e', bridge, String(port))
    phone.#control = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    phone.#control.stdout?.on('data', (chunk: Buffer) => (phone.#output += chunk.toString()))
    return phone
  }

  /** A command of its menu: dial, hold, resume, transfer, hangup. */
  press(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: command })
    this.#control?.stdin?.write(`${text.length}:${text},`)
  }

  /** Waits until it has printed what matches, since the last time that something was waited for with `next`. */
  async next(pattern: RegExp): Promise<void> {
    await this.printed(pattern, this.#heard)
    const rest = this.#output.slice(this.#heard)
    this.#heard += rest.search(pattern) + (pattern.exec(rest)?.[0].length ?? 0)
  }

  /** Waits until it has printed what matches. */
  async printed(pattern: RegExp, since = 0): Promise<void> {
    const isPrinted = (): boolean => pattern.test(this.#output.slice(since))
    try {
      await until(() => isPrinted() || this.#child.exitCode !== null, 10_000)
    } catch {}
    if (!isPrinted())
      throw new Error(`baresip of ${this.#options.user} did not print ${pattern}, but:\n${this.#output.slice(since)}`)
  }

  /** Ends it as its user would: it hangs up and takes its registration back. */
  async stop(): Promise<void> {
    this.#control?.kill()
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  #where(program: string, ...args: readonly string[]): { readonly program: string; readonly args: readonly string[] } {
    return this.#options.within?.(program, ...args) ?? { program, args }
  }
}

/** A RIFF file of 16-bit samples, one channel at 8 kHz, all of them zero. */
function silentWave(seconds: number): Buffer {
  const sampleRate = 8000
  const dataOctets = seconds * sampleRate * 2
  const wave = Buffer.alloc(44 + dataOctets)
  wave.write('RIFF', 0)
  wave.writeUInt32LE(36 + dataOctets, 4)
  wave.write('WAVEfmt ', 8)
  wave.writeUInt32LE(16, 16) // octets of the format
  wave.writeUInt16LE(1, 20) // PCM
  wave.writeUInt16LE(1, 22) // channels
  wave.writeUInt32LE(sampleRate, 24)
  wave.writeUInt32LE(sampleRate * 2, 28) // octets per second
  wave.writeUInt16LE(2, 32) // octets per sample
  wave.writeUInt16LE(16, 34) // bits per sample
  wave.write('data', 36)
  wave.writeUInt32LE(dataOctets, 40)
  return wave
}
