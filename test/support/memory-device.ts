/** A backup device in memory, which fails as a test says. */
import {
  type Device,
  DeviceError,
  type DeviceReport,
  type DeviceWriter,
  type StoredFile,
} from '../../backup/device/device.ts'
import { tryOut } from '../../backup/device/try-out.ts'
import { draftSuffix } from '../../lib/backup/set-name.ts'

type Call = 'list' | 'create' | 'write' | 'commit' | 'read' | 'remove' | 'freeBytes'

export class MemoryDevice implements Device {
  readonly name: string
  /** Every call, in order. */
  readonly calls: Call[] = []
  /** Called before each: may throw, or wait. */
  before: (call: Call) => void | Promise<void> = () => {}
  readonly #files = new Map<string, { content: Buffer; modifiedMs: number }>()

  constructor(name: string) {
    this.name = name
  }

  put(name: string, content: string, modifiedMs = Date.now()): void {
    this.#files.set(name, { content: Buffer.from(content), modifiedMs })
  }

  async list(signal: AbortSignal): Promise<StoredFile[]> {
    await this.#begin('list', signal)
    return [...this.#files].map(([name, { content, modifiedMs }]) => ({ name, octets: content.length, modifiedMs }))
  }

  async create(name: string, signal: AbortSignal): Promise<DeviceWriter> {
    await this.#begin('create', signal)
    if (name === '' || name.includes('/') || name === '.' || name === '..') throw new Error('not a name')
    const chunks: Uint8Array[] = []
    this.put(`${name}${draftSuffix}`, '')
    return {
      write: async (chunk) => {
        await this.#begin('write', signal)
        chunks.push(chunk)
      },
      commit: async () => {
        await this.#begin('commit', signal)
        this.#files.delete(`${name}${draftSuffix}`)
        this.#files.set(name, { content: Buffer.concat(chunks), modifiedMs: Date.now() })
      },
      abort: async () => void this.#files.delete(`${name}${draftSuffix}`),
    }
  }

  async *read(name: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    await this.#begin('read', signal)
    const file = this.#files.get(name)
    if (!file) throw this.error('pathMissing', `cannot read ${name}`)
    for (let at = from; at < file.content.length; at += 1000) {
      yield file.content.subarray(at, at + 1000)
      await this.#begin('read', signal)
    }
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#begin('remove', signal)
    this.#files.delete(name)
  }

  async freeBytes(signal: AbortSignal): Promise<undefined> {
    await this.#begin('freeBytes', signal)
  }

  async validate(signal: AbortSignal): Promise<DeviceReport> {
    signal.throwIfAborted()
    return { steps: await tryOut(this, signal) }
  }

  async close(): Promise<void> {}

  error(fault: DeviceError['fault'], what = 'cannot go on'): DeviceError {
    return new DeviceError(`device ${this.name}: ${what}`, { device: this.name, fault })
  }

  async #begin(call: Call, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.calls.push(call)
    await this.before(call)
  }
}
