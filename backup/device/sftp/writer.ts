/** An upload: many requests are on their way at once, so that the time of a round trip is paid once and not for each. */

import type { DeviceStep, DeviceWriter } from '../device.ts'
import { untilAborted } from '../within.ts'
import type { SftpSession } from './session.ts'

/** What every server takes (draft-ietf-secsh-filexfer §3: packets of 34,000 octets). */
export const pieceOctets = 32 * 1024
const mostOutstanding = 64

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
  #position = 0
  #outstanding = 0
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => {}
  #isOpen = true

  constructor(upload: Upload) {
    this.#upload = upload
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#try('write', async () => {
      const octets = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      for (let at = 0; at < octets.length; at += pieceOctets) {
        await this.#untilOutstanding(mostOutstanding - 1)
        this.#send(octets.subarray(at, at + pieceOctets))
      }
    })
  }

  async commit(): Promise<void> {
    const { session, handle, draft, path, signal } = this.#upload
    await this.#try('write', async () => {
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

  #send(piece: Buffer): void {
    const position = this.#position
    this.#position += piece.length
    this.#outstanding++
    const { session, handle } = this.#upload
    session
      .write(handle, piece, position)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#outstanding--
        this.#wake()
      })
  }

  /** Resolves when so few requests are on their way; rejects with what one of them failed with, or the signal's reason. */
  async #untilOutstanding(most: number): Promise<void> {
    const { signal } = this.#upload
    for (;;) {
      signal.throwIfAborted()
      if (this.#failure) throw this.#failure.error
      if (this.#outstanding <= most) return
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
