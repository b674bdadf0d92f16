/** Sends what is due, and tries again later what did not go. */
import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Letter, Outbox } from '../outbox/outbox.ts'
import type { Channel, Delivery } from './channel.ts'

export interface SenderOptions {
  readonly outbox: Outbox
  /** By the word before the colon of a recipient. */
  readonly channels: ReadonlyMap<string, Channel>
  /** What a letter says, once it is due; undefined when there is nothing to say any more. */
  readonly write: (letter: Letter) => string | undefined
  readonly clock: Clock
  readonly log: Log
  /** One was sent: reminders have a next one. */
  readonly onSent: (letter: Letter) => void
  readonly onRefused: (letter: Letter, reason: string) => void
}

const atOnce = 20
const longestSleepMs = 60_000

export class Sender {
  readonly #options: SenderOptions
  #timer: Timer | undefined
  #sending: Promise<void> | undefined
  #isStopped = false
  #isHinted = false
  #failing = new Set<string>()

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** There may be something due. */
  hint(): void {
    if (this.#isStopped) return
    this.#isHinted = true
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
      // What came while the last one was under way is due as well.
      if (this.#isHinted) this.hint()
      else this.#sleep()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#sending
  }

  #sleep(): void {
    const { outbox, clock } = this.#options
    this.#timer?.cancel()
    if (this.#isStopped) return
    const dueMs = outbox.nextDueMs()
    const waitMs = dueMs === undefined ? longestSleepMs : Math.max(0, dueMs - clock.now())
    this.#timer = clock.after(Math.min(longestSleepMs, waitMs), () => this.hint())
  }

  async #sendAll(): Promise<void> {
    const { outbox, clock } = this.#options
    for (;;) {
      this.#isHinted = false
      const letters = this.#isStopped ? [] : outbox.due(clock.now(), atOnce)
      if (letters.length === 0) return
      // A server that is slow delays those of its own channel.
      const byChannel = new Map<string, Letter[]>()
      for (const letter of letters) {
        const [name = ''] = letter.recipient.split(':', 1)
        byChannel.set(name, [...(byChannel.get(name) ?? []), letter])
      }
      await Promise.all([...byChannel].map(([name, group]) => this.#sendGroup(name, group)))
    }
  }

  async #sendGroup(name: string, letters: readonly Letter[]): Promise<void> {
    for (const letter of letters) if (!this.#isStopped) await this.#send(name, letter)
  }

  async #send(name: string, letter: Letter): Promise<void> {
    const { outbox, channels, write, clock, log, onSent, onRefused } = this.#options
    try {
      const content = letter.content ?? write(letter)
      if (content === undefined) return outbox.sent(letter.id, clock.now())
      if (letter.content === null) outbox.write(letter.id, content)
      const channel = channels.get(name)
      const recipient = letter.recipient.slice(name.length + 1)
      const delivery: Delivery = channel
        ? await channel.deliver({ recipient, messageId: letter.messageId, content })
        : { kind: 'refused', reason: `alerts.cnf has no ${name} any more` }
      if (delivery.kind === 'refused') {
        outbox.refused(letter.id, clock.now(), delivery.reason)
        log.error('a recipient was refused', { reason: delivery.reason })
        return onRefused(letter, delivery.reason)
      }
      outbox.sent(letter.id, clock.now())
      this.#failing.delete(letter.recipient)
      onSent(letter)
    } catch (error) {
      const reason = messageOf(error)
      outbox.retry(letter, clock.now(), reason)
      if (!this.#failing.has(letter.recipient)) log.warn('a message waits; it is tried again', { reason })
      this.#failing.add(letter.recipient)
    }
  }
}
