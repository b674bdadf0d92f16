/** The mesh of workers: each has a Unix socket in run/sipd, and every two of them one connection. */

import { mkdirSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import type { Account } from '../account/account.ts'
import { ChargedQueue } from '../transport/charged-queue.ts'
import { type FrameKind, FrameReader, frame, frames } from './frames.ts'

export interface LinksOptions {
  /** Only the owner may enter: who is in there is believed. */
  readonly folder: string
  readonly worker: number
  readonly clock: Clock
  readonly log: Log
  readonly account: Account
  readonly onFrame: (worker: number, kind: FrameKind, payload: Buffer) => void
  readonly onGone: (worker: number) => void
}

const connectWithinMs = 2000
const connectAgainMs = 10
/** At the end, to a worker that may not read any more. */
const sentWithinMs = 500
/** What may wait for a worker that does not read, of what traffic may hold; then it counts as gone. */
const partOfTraffic = 1 / 4
const leastQueuedOctets = 16 << 20

interface Link {
  readonly socket: Socket
  readonly queue: ChargedQueue
}

export class Links {
  readonly #options: LinksOptions
  readonly #links = new Map<number, Link>()
  #server: Server | undefined

  constructor(options: LinksOptions) {
    this.#options = options
  }

  /** Listens, and links with those that are there. Who cannot be reached is not there any more. */
  async start(others: readonly number[]): Promise<void> {
    const { folder, worker } = this.#options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const path = this.#pathOf(worker)
    rmSync(path, { force: true })
    this.#server = createServer((socket) => this.#receive(socket, undefined))
    await new Promise<void>((resolve, reject) => {
      this.#server!.once('error', reject)
      // Its own, not one that the workers share.
      this.#server!.listen({ path, exclusive: true }, resolve)
    })
    this.#server.on('error', (error) => this.#options.log.warn('another worker could not be linked with', { error }))
    await Promise.all(others.map((other) => this.#connect(other)))
  }

  /** What was sent goes first, where the other worker reads it. */
  async stop(): Promise<void> {
    this.#server?.close()
    rmSync(this.#pathOf(this.#options.worker), { force: true })
    const { clock } = this.#options
    const ended = [...this.#links.values()].map(({ socket }) => {
      if (socket.writableLength === 0) return Promise.resolve()
      return new Promise<void>((resolve) => {
        const patience = clock.after(sentWithinMs, resolve)
        socket.once('close', resolve)
        socket.end(() => {
          patience.cancel()
          resolve()
        })
      })
    })
    await Promise.all(ended)
    for (const { socket } of this.#links.values()) socket.destroy()
  }

  has(worker: number): boolean {
    return this.#links.has(worker)
  }

  get workers(): number[] {
    return [...this.#links.keys()]
  }

  /** False when there is no such worker. */
  send(worker: number, kind: FrameKind, payload: Buffer): boolean {
    const link = this.#links.get(worker)
    if (!link) return false
    link.socket.write(frame(kind, payload))
    // It has no need of room: a link that is lost because strangers fill the memory would be what they want.
    link.queue.settle()
    const { bound } = this.#options.account.traffic
    if (link.socket.writableLength > Math.max(leastQueuedOctets, bound * partOfTraffic)) link.socket.destroy()
    return true
  }

  broadcast(kind: FrameKind, payload: Buffer): void {
    for (const worker of this.#links.keys()) this.send(worker, kind, payload)
  }

  /** Tries until it works: the other may have been started at the same time, and not listen yet. */
  async #connect(other: number): Promise<void> {
    const { clock } = this.#options
    const untilMs = clock.monotonicMs() + connectWithinMs
    while (!(await this.#tryToConnect(other)) && clock.monotonicMs() < untilMs) await pause(clock, connectAgainMs)
  }

  #tryToConnect(other: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = createConnection({ path: this.#pathOf(other) }, () => {
        this.#receive(socket, other)
        const hello = Buffer.alloc(8)
        hello.writeDoubleLE(this.#options.worker)
        socket.write(frame(frames.hello, hello))
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
  }

  #receive(socket: Socket, known: number | undefined): void {
    const { log, account, onFrame, onGone } = this.#options
    const reader = new FrameReader()
    const link = { socket, queue: new ChargedQueue(socket, account.workers, account.traffic.common) }
    let worker = known
    if (worker !== undefined) this.#links.set(worker, link)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (kind, payload) => {
          if (kind === frames.hello) {
            worker = payload.readDoubleLE()
            this.#links.set(worker, link)
          } else if (worker !== undefined) onFrame(worker, kind, payload)
        })
      } catch (error) {
        log.error('bug in what a worker told another', { from: worker, error })
        socket.destroy()
      }
    })
    socket.on('close', () => {
      link.queue.close()
      if (worker === undefined || this.#links.get(worker) !== link) return
      this.#links.delete(worker)
      onGone(worker)
    })
  }

  #pathOf(worker: number): string {
    return join(this.#options.folder, `${worker}.sock`)
  }
}
