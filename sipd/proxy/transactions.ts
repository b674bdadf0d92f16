/** The transaction layer, as far as forwarding needs it. */

import type { Hop } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import type { ExtraHeader } from '../message/respond.ts'
import type { ClientTransaction, ClientUser, Departure } from '../transaction/client.ts'

export interface Transactions {
  request(departure: Departure, user: ClientUser | undefined): ClientTransaction
  answerStateless(request: SipRequest, source: Hop, status: number, headers?: readonly ExtraHeader[]): void
}
