/** What comes while the workers before have not handed over yet: done in its order as soon as they have, within the account. */
import type { Account } from '../account/account.ts'
import type { Share } from '../account/ledger.ts'
import type { Hop } from '../message/hop.ts'

interface EarlyMessage {
  /** When it was read, by whichever worker, on a clock that all share. */
  readonly readUs: number
  readonly share: Share
  readonly octets: number
  readonly receive: () => void
}

/** Of a clock that all processes of the machine share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Of a message besides its octets. */
const messageOctets = 256

export class EarlyMessages {
  readonly #account: Account
  readonly #messages: EarlyMessage[] = []

  constructor(account: Account) {
    this.#account = account
  }

  /** What there is no room for is lost, as in the network: it is counted, and comes again. */
  add(readUs: number, source: Hop, octets: number, receive: () => void): void {
    const share = this.#account.traffic.shareOf(source.address)
    const held = octets + messageOctets
    if (share.take(this.#account.workers, held)) this.#messages.push({ readUs, share, octets: held, receive })
  }

  /** Does them, in the order in which they came: an ACK that the worker before read, and a BYE read here. */
  begin(): void {
    const messages = this.#messages.splice(0).sort((one, other) => one.readUs - other.readUs)
    for (const { share, octets, receive } of messages) {
      share.charge(this.#account.workers, -octets)
      receive()
    }
  }
}
