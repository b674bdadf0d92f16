/** Who registers over the connections of this worker: they are kept open for that, whichever worker the registration falls to. */
import type { LocationStore } from '../location/store.ts'
import { parseFlow } from '../message/flow.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { Elsewhere } from '../pipeline/core.ts'
import type { Identity } from '../proxy/identity.ts'
import type { Connections } from '../transport/connections.ts'

export interface RegisteredConnectionsParts {
  readonly connections: Pick<Connections, 'get'>
  readonly identity: () => Pick<Identity, 'userOf'>
}

/** Looks at what comes before it goes to the worker that it is for. */
export class RegisteredConnections implements Elsewhere {
  readonly #elsewhere: Elsewhere
  readonly #parts: RegisteredConnectionsParts

  constructor(elsewhere: Elsewhere, parts: RegisteredConnectionsParts) {
    this.#elsewhere = elsewhere
    this.#parts = parts
  }

  takesRequest(request: SipRequest, source: Hop): boolean {
    if (request.method === 'REGISTER' && source.connection !== undefined) this.#note(request, source.connection)
    return this.#elsewhere.takesRequest(request, source)
  }

  takesResponse(response: SipResponse, source: Hop): boolean {
    return this.#elsewhere.takesResponse(response, source)
  }

  #note({ to }: SipRequest, connection: string): void {
    const { connections, identity } = this.#parts
    const user = identity().userOf(to)
    if (user !== undefined) connections.get(connection)?.noteUser(user)
  }
}

/** Whether a contact of this user is reached by the connection. */
export function isReachedBy(store: Pick<LocationStore, 'find'>, user: string, connection: string): boolean {
  return store.find(user).some(({ flow }) => flow !== undefined && parseFlow(flow)?.connection === connection)
}
