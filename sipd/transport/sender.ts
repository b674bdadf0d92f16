/** The way to the network, as those who have something to send see it. */
import type { Hop } from '../message/hop.ts'

export interface Sender {
  /**
   * `failed` is called at most once, when it is certain that the octets did not leave; `taken` with the number of the connection that
   * they leave by, where there is one.
   */
  send(text: string, hop: Hop, failed?: (error: Error) => void, taken?: (connection: string) => void): void
}
