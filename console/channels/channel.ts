/** A way to tell somebody. */

export interface Message {
  /** Without the channel's name: an address, or the name of a webhook. */
  readonly recipient: string
  readonly messageId: string
  /** As it was written for this channel. */
  readonly content: string
}

export type Delivery =
  /** `answer` is what the other side said. */
  | { readonly kind: 'sent'; readonly answer: string }
  /** It will never take this. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface Channel {
  /** Throws an Error that says what was tried and what happened, where it may go better later. */
  deliver(message: Message): Promise<Delivery>
  close(): void
}
