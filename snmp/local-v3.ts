/** SNMPv3 of this engine. Its engineID is known from the beginning; it serves once its boots are on disk (RFC 3414 §2.2.2). */

import type { Usm, UsmUser } from './security/usm/usm.ts'
import type { V3Messages } from './v3-processing.ts'

export class LocalV3 {
  readonly engineId: Uint8Array
  #users: readonly UsmUser[] = []
  #serving: { readonly usm: Usm; readonly messages: V3Messages } | undefined

  constructor(engineId: Uint8Array) {
    this.engineId = engineId
  }

  /** Undefined as long as SNMPv3 does not serve. */
  get usm(): Usm | undefined {
    return this.#serving?.usm
  }

  /** Undefined as long as SNMPv3 does not serve. */
  get messages(): V3Messages | undefined {
    return this.#serving?.messages
  }

  /** Takes the users, for now or for when it serves. */
  configure(users: readonly UsmUser[]): void {
    this.#users = users
    this.usm?.configure(users)
  }

  /** Serves with these from now on, for the users that it has. */
  serve(usm: Usm, messages: V3Messages): void {
    usm.configure(this.#users)
    this.#serving = { usm, messages }
  }
}
