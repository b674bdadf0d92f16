/** An upload: many requests are on their way at once, so that the time of a round trip is paid once and not for each. */

import type { DeviceStep, DeviceWriter } from '../device.ts'
import { untilAborted } from '../within.ts'
import type { SftpSession } from './session.ts'

/** Of all requests that are on their way. */
const mostOutstandingOctets = 4 * 1024 * 1024

export interface Upload {
  readonly session: SftpSession
  readonly handle: Buffer
  /** Paths on the server. */
  readonly draft: string
  readonly path: string
  readonly signal: AbortSignal
  /** Makes a DeviceError of what a step failed with. */
  explain(error: unknown, step: DeviceStep): Promise<unknown>
  /** Removes the draft, by another connection where this one is lost; never rejects. */
  removeDraft(): Promise<void>
}

export class SftpWriter implements DeviceWriter {
  readonly #upload: Upload
  /** What is not a whole request yet: a request costs the server as much as thousands of octets. */
  readonly #piece: Buffer
  #filled = 0
  #position = 0
  #outstandingOctets = 0
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => {}
  #isOpen = true

  constructor(upload: Upload) {
    this.#upload = upload
    this.#piece = Buffer.allocUnsafe(upload.session.mostWriteOctets)
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#try('write', async () => {
      this.#assertGoesOn()
      const octets = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      for (let at = 0; at < octets.length; ) {
        const rest = octets.subarray(at, at + this.#piece.length - this.#filled)
        at += rest.length
        if (rest.length === this.#piece.length) await this.#send(rest)
        else {
          rest.copy(this.#piece, this.#filled)
          this.#filled += rest.length
          if (this.#filled === this.#piece.length) await this.#sendPiece()
        }
      }
    })
  }

  async commit(): Promise<void> {
    const { session, handle, draft, path, signal } = this.#upload
    await this.#try('write', async () => {
      if (this.#filled > 0) await this.#sendPiece()
      await this.#untilOutstanding(0)
      await session.sync(handle, signal)
      const { size } = await session.fstat(handle, signal)
      if (size !== this.#position)
        throw new Error(`${draft} has ${size} octets there, and ${this.#position} were written`)
      // Some file servers say only here that they could not keep it.
      await untilAborted(session.closeHandle(handle), signal)
    })
    await this.#try('rename', () => session.rename(draft, path, signal))
    this.#isOpen = false
  }

  async abort(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { session, handle } = this.#upload
    void session.closeHandle(handle).catch(() => {})
    await this.#upload.removeDraft()
  }

  async #sendPiece(): Promise<void> {
    const piece = this.#piece.subarray(0, this.#filled)
    this.#filled = 0
    await this.#send(piece)
  }

  /** When it resolves the session has a copy. */
  async #send(piece: Buffer): Promise<void> {
    await this.#untilOutstanding(mostOutstandingOctets - piece.length)
    const position = this.#position
    this.#position += piece.length
    this.#outstandingOctets += piece.length
    const { session, handle } = this.#upload
    session
      .write(handle, piece, position)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#outstandingOctets -= piece.length
        this.#wake()
      })
  }

  #assertGoesOn(): void {
    this.#upload.signal.throwIfAborted()
    if (this.#failure) throw this.#failure.error
  }

  /** Resolves when so few octets are on their way; rejects with what one of them failed with, or the signal's reason. */
  async #untilOutstanding(most: number): Promise<void> {
    const { signal } = this.#upload
    for (;;) {
      this.#assertGoesOn()
      if (this.#outstandingOctets <= most) return
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await untilAborted(woken, signal)
    }
  }

  async #try(step: DeviceStep, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      throw await this.#upload.explain(error, step)
    }
  }
}
