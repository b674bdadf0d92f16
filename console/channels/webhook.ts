/** A webhook: JSON by POST, signed with a secret that both sides have. */
import { createHmac } from 'node:crypto'
import { messageOf } from '../../lib/errors.ts'
import type { Channel, Delivery, Message } from './channel.ts'

export interface WebhookOptions {
  readonly name: string
  readonly url: string
  readonly secret: string
}

const timeoutMs = 15_000

export class WebhookChannel implements Channel {
  readonly #hooks: ReadonlyMap<string, WebhookOptions>

  constructor(hooks: readonly WebhookOptions[]) {
    this.#hooks = new Map(hooks.map((hook) => [hook.name, hook]))
  }

  async deliver({ recipient, messageId, content }: Message): Promise<Delivery> {
    const hook = this.#hooks.get(recipient)
    if (!hook) return { kind: 'refused', reason: `there is no alertWebhookEntry ${recipient} any more` }
    const signature = createHmac('sha256', hook.secret).update(content).digest('hex')
    try {
      const answer = await fetch(hook.url, {
        method: 'POST',
        redirect: 'error',
        headers: {
          'Content-Type': 'application/json',
          'X-Castellan-Signature': `sha256=${signature}`,
          'X-Castellan-Message': messageId,
        },
        body: content,
        signal: AbortSignal.timeout(timeoutMs),
      })
      await answer.body?.cancel()
      const said = `${answer.status} ${answer.statusText}`
      if (answer.ok) return { kind: 'sent', answer: said }
      // Too many requests and time-outs are of the moment.
      if (answer.status >= 400 && answer.status < 500 && ![408, 429].includes(answer.status))
        return { kind: 'refused', reason: `webhook ${recipient}: ${said}` }
      throw new Error(said)
    } catch (error) {
      const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : ''
      throw new Error(`webhook ${recipient}: ${messageOf(error)}${cause}`, { cause: error })
    }
  }

  close(): void {}
}
