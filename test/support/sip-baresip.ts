/** baresip as a telephone that registers, answers by itself, plays a silent file and has no sound card. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './appliance.ts'

export interface BaresipOptions {
  readonly user: string
  /** host:port of the registrar, which is also the outbound proxy. */
  readonly proxy: string
  readonly transport?: 'udp' | 'tcp'
  /** Called once the telephone is registered. */
  readonly calls?: string
}

const modules = '/usr/lib/baresip/modules'

export class Baresip {
  readonly #child: ChildProcess
  readonly #folder: string
  #output = ''

  constructor({ user, proxy, transport = 'udp', calls }: BaresipOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'baresip-'))
    const silence = join(this.#folder, 'silence.wav')
    writeFileSync(silence, silentWave(60))
    writeFileSync(
      join(this.#folder, 'config'),
      [
        'sip_listen 127.0.0.1:0',
        `module_path ${modules}`,
        ...['g711', 'aufile'].map((name) => `module ${name}.so`),
        ...['account', 'menu'].map((name) => `module_app ${name}.so`),
        `audio_source aufile,${silence}`,
        `audio_player aufile,${join(this.#folder, 'heard.wav')}`,
        `audio_alert aufile,${join(this.#folder, 'alert.wav')}`,
        '',
      ].join('\n'),
    )
    const account = `<sip:${user}@example.test>;outbound="sip:${proxy};transport=${transport}";regint=600;answermode=auto`
    writeFileSync(join(this.#folder, 'accounts'), `${account};audio_codecs=PCMU\n`)
    this.#child = spawn(
      'baresip',
      ['-f', this.#folder, '-t', '30', ...(calls === undefined ? [] : ['-e', `d ${calls}`])],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
  }

  /** Waits until it has printed what matches. */
  async printed(pattern: RegExp): Promise<void> {
    try {
      await until(() => pattern.test(this.#output) || this.#child.exitCode !== null, 10_000)
    } catch {}
    if (!pattern.test(this.#output)) throw new Error(`baresip did not print ${pattern}, but:\n${this.#output}`)
  }

  /** Ends it as its user would: it hangs up and takes its registration back. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
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
