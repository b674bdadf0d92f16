/** The child's end of the pipe: does with a device what the job asks, until the job closes the pipe or is gone. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { NetworkDirectory } from '../../../lib/backup/settings.ts'
import { errorOf } from '../../../lib/errors.ts'
import type { Device, DeviceWriter } from '../device.ts'
import { dataHeader, encodeMessage, FrameReader } from './frames.ts'
import { type Answer, failureOf, isRequest, type Request, windowOctets } from './messages.ts'

export interface DeviceServer {
  /** Hands over what comes, until it has ended. What is handed over is good for as long as that call lasts. */
  input(take: (octets: Buffer) => void): Promise<void>
  readonly output: Writable
  makeDevice(settings: NetworkDirectory): Device
}

/** Resolves when the pipe is closed and all drafts are removed; rejects when the job breaks the protocol. */
export async function serveDevice(server: DeviceServer): Promise<void> {
  const service = new Service(server)
  const frames = new FrameReader()
  try {
    await server.input((chunk) => {
      for (const frame of frames.push(chunk)) {
        if (frame.kind === 'data') service.takeData(frame.id, frame.octets)
        else if (isRequest(frame.message)) service.take(frame.id, frame.message)
        else throw new Error('the job asked for something unknown')
      }
    })
  } finally {
    await service.end()
  }
}

/** A file that is written: its pieces and its end one after the other. */
interface Writing {
  readonly writer: DeviceWriter
  readonly abort: AbortController
  tail: Promise<void>
  failure: Answer | undefined
  /** What has come and is less than a piece, and buffers that can be filled again. */
  piece: Buffer | undefined
  filled: number
  readonly free: Buffer[]
  /** What is on its way to the writer, and what it has taken and the job has not been told. */
  waiting: number
  taken: number
}

/** What is given to a writer at once: a request of SFTP to OpenSSH. */
const pieceOctets = 255 * 1024

class Service {
  readonly #server: DeviceServer
  #device: Device | undefined
  /** Requests that are being done. */
  readonly #running = new Map<number, AbortController>()
  readonly #writing = new Map<number, Writing>()
  /** Of readers: octets that may be sent. */
  readonly #credit = new Map<number, { octets: number; wake(): void }>()

  constructor(server: DeviceServer) {
    this.#server = server
    server.output.on('error', () => {}) // the job is gone, and the input says so
  }

  take(id: number, request: Request): void {
    switch (request.type) {
      case 'open':
        this.#device = this.#server.makeDevice(request.settings)
        return
      case 'taken':
        return this.#takeCredit(id, request.octets)
      case 'cancel':
        this.#running.get(id)?.abort()
        this.#writing.get(id)?.abort.abort()
        return
      case 'commit':
        return this.#finish(id, request.writer, 'commit')
      case 'abort':
        this.#writing.get(request.writer)?.abort.abort()
        return this.#finish(id, request.writer, 'abort')
      default:
        void this.#run(id, request)
    }
  }

  takeData(id: number, octets: Buffer): void {
    const writing = this.#writing.get(id)
    if (!writing) return
    for (let at = 0; at < octets.length; ) {
      writing.piece ??= writing.free.pop() ?? Buffer.allocUnsafe(pieceOctets)
      const copied = octets.copy(writing.piece, writing.filled, at)
      writing.filled += copied
      at += copied
      if (writing.filled === pieceOctets) this.#pass(id, writing)
    }
  }

  /** Gives what has come to the writer, behind what came before. */
  #pass(id: number, writing: Writing): void {
    const { piece, filled } = writing
    if (!piece) return
    writing.piece = undefined
    writing.filled = 0
    writing.waiting += filled
    writing.tail = writing.tail.then(async () => {
      if (writing.failure) return
      try {
        await writing.writer.write(piece.subarray(0, filled))
        writing.free.push(piece)
        writing.waiting -= filled
        writing.taken += filled
        if (writing.waiting > 0 && writing.taken < windowOctets / 8) return
        this.#send(id, { type: 'taken', octets: writing.taken })
        writing.taken = 0
      } catch (error) {
        writing.failure = failureOf(error)
        this.#send(id, writing.failure)
      }
    })
  }

  /** Removes what is being written, and ends the connection. */
  async end(): Promise<void> {
    for (const abort of this.#running.values()) abort.abort()
    await Promise.all(
      [...this.#writing.values()].map(async ({ writer, abort, tail }) => {
        abort.abort()
        await tail
        await writer.abort()
      }),
    )
    await this.#device?.close()
  }

  async #run(id: number, request: Request): Promise<void> {
    const abort = new AbortController()
    this.#running.set(id, abort)
    try {
      this.#send(id, { type: 'answer', value: await this.#do(id, request, abort) })
    } catch (error) {
      this.#send(id, failureOf(error))
    } finally {
      this.#running.delete(id)
    }
  }

  async #do(id: number, request: Request, abort: AbortController): Promise<unknown> {
    const device = this.#device
    const { signal } = abort
    if (!device) throw new Error('the job asked before it named a device')
    switch (request.type) {
      case 'list':
        return device.list(signal)
      case 'remove':
        return device.remove(request.name, signal)
      case 'freeBytes':
        return device.freeBytes(signal)
      case 'validate':
        return device.validate(signal)
      case 'create': {
        const writer = await device.create(request.name, signal)
        const nothing = { failure: undefined, piece: undefined, filled: 0, free: [], waiting: 0, taken: 0 }
        this.#writing.set(id, { writer, abort, tail: Promise.resolve(), ...nothing })
        return undefined
      }
      case 'read':
        return this.#read(id, device.read(request.name, request.from, signal), signal)
      default:
        throw new Error(`bug: ${request.type} is not a request of its own`)
    }
  }

  #finish(id: number, of: number, how: 'commit' | 'abort'): void {
    const writing = this.#writing.get(of)
    if (!writing) return this.#send(id, { type: 'answer' })
    if (how === 'commit') this.#pass(of, writing)
    writing.tail = writing.tail.then(async () => {
      if (how === 'commit' && writing.failure) return this.#send(id, writing.failure)
      try {
        await writing.writer[how]()
        this.#writing.delete(of)
        this.#send(id, { type: 'answer' })
      } catch (error) {
        this.#send(id, failureOf(error))
      }
    })
  }

  async #read(id: number, pieces: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const credit = { octets: windowOctets, wake: () => {} }
    this.#credit.set(id, credit)
    const onAbort = (): void => credit.wake()
    signal.addEventListener('abort', onAbort)
    try {
      for await (const piece of pieces) {
        while (credit.octets <= 0 && !signal.aborted)
          await new Promise<void>((resolve) => {
            credit.wake = resolve
          })
        signal.throwIfAborted()
        credit.octets -= piece.length
        const { output } = this.#server
        output.write(dataHeader(id, piece.length))
        if (!output.write(piece)) await once(output, 'drain', { signal })
      }
    } catch (error) {
      throw signal.aborted ? errorOf(signal.reason) : error
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#credit.delete(id)
    }
  }

  #takeCredit(id: number, octets: number): void {
    const credit = this.#credit.get(id)
    if (!credit) return
    credit.octets += octets
    credit.wake()
  }

  #send(id: number, answer: Answer): void {
    this.#server.output.write(encodeMessage(id, answer))
  }
}
