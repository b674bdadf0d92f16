/**
 * A device that a child without root talks to: what a server sends is taken apart by a process that may read no file of ours. The
 * settings, secrets among them, go through the pipe, and never into an argument or a variable. A child that ends fails what was
 * asked of it, and the next request starts another one.
 */

import { join } from 'node:path'
import type { NetworkDirectory } from '../../../lib/backup/settings.ts'
import type { Program } from '../../../lib/program/program.ts'
import { startProgram } from '../../../lib/program/start.ts'
import { programRoot } from '../../../lib/program-root.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import type { Device, DeviceReport, DeviceWriter, StoredFile } from '../device.ts'
import { deviceError } from '../failure.ts'
import { Channel } from './channel.ts'
import { readFromChild } from './child-reader.ts'
import { ChildWriter } from './child-writer.ts'
import { parseFiles, parseFreeBytes, parseReport } from './messages.ts'

/** The child that serves a device on its input and output (backup/device/main.ts). */
function startDeviceProgram(): Program {
  const main = join(programRoot, 'dist', 'backup', 'device', 'main.js')
  return startProgram({ argv: [process.execPath, main], input: 'pipe', output: 'pipe', errors: 'pipe' })
}

export class ChildDevice implements Device {
  readonly name: string
  readonly #settings: NetworkDirectory
  readonly #clock: Clock
  readonly #start: () => Program
  #channel: Channel | undefined

  constructor(settings: NetworkDirectory, clock: Clock, start = startDeviceProgram) {
    this.name = settings.name
    this.#settings = settings
    this.#clock = clock
    this.#start = start
  }

  async list(signal: AbortSignal): Promise<StoredFile[]> {
    const files = parseFiles(await this.#request({ type: 'list' }, signal))
    return files ?? this.#refuse('list')
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    signal.throwIfAborted()
    const writer = new ChildWriter(this.#open(), signal)
    await writer.begin(name)
    return writer
  }

  read(name: string, from: number, signal: AbortSignal): AsyncIterable<Buffer> {
    return readFromChild(() => this.#open(), { type: 'read', name, from }, signal)
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#request({ type: 'remove', name }, signal)
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return parseFreeBytes(await this.#request({ type: 'freeBytes' }, signal))
  }

  async validate(signal: AbortSignal): Promise<DeviceReport> {
    const report = parseReport(await this.#request({ type: 'validate' }, signal))
    return report ?? this.#refuse('validate')
  }

  async close(): Promise<void> {
    const channel = this.#channel
    this.#channel = undefined
    await channel?.close(this.#clock)
  }

  async #request(request: Parameters<Channel['request']>[0], signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    return this.#open().request(request, signal)
  }

  #open(): Channel {
    if (this.#channel?.hasEnded) this.#channel = undefined
    if (this.#channel) return this.#channel
    const channel = new Channel(this.#start(), this.name)
    channel.send(0, { type: 'open', settings: this.#settings })
    this.#channel = channel
    return channel
  }

  #refuse(what: string): never {
    throw deviceError(
      { device: this.name, what },
      {
        fault: 'unreachable',
        reason: 'the process that talks to it gave an answer of another form',
        advice: 'report it',
      },
    )
  }
}
