/** From an address-of-record to the targets its phones are at (RFC 3261 §16.5). */
import { type Binding, isStatic } from '../location/binding.ts'
import type { LocationStore } from '../location/store.ts'
import { parseFlow } from '../message/flow.ts'
import { type Hop, isReliable } from '../message/source.ts'
import { parseSipUri } from '../message/uri.ts'
import type { UserLocation } from './destinations.ts'
import type { Target } from './targets.ts'

export class RegisteredUsers implements UserLocation {
  readonly #store: LocationStore
  readonly #isOpen: (connection: string) => boolean

  /** `isOpen` tells whether a connection can still be written to. */
  constructor(store: LocationStore, isOpen: (connection: string) => boolean) {
    this.#store = store
    this.#isOpen = isOpen
  }

  targetsOf(addressOfRecord: string): readonly Target[] | undefined {
    const bindings = this.#store.find(addressOfRecord)
    return bindings.length === 0 ? undefined : bindings.map((binding) => this.#target(binding))
  }

  isReachedAt(addressOfRecord: string, host: string): boolean {
    return this.#store.find(addressOfRecord).some(({ contact, flow }) => {
      const hop = flow === undefined ? undefined : parseFlow(flow)
      return hop?.address === host || parseSipUri(contact)?.host === host
    })
  }

  #target(binding: Binding): Target {
    const { contact, flow, path, q } = binding
    const origin = isStatic(binding) ? 'configured' : 'registered'
    const parsed = parseSipUri(contact)
    return { uri: contact, parsed, origin, flow: flow === undefined ? undefined : this.#usable(flow), path, q }
  }

  /** A connection that is gone leads nowhere: the contact itself is tried then. */
  #usable(flow: string): Hop | undefined {
    const hop = parseFlow(flow)
    if (!hop || !isReliable(hop)) return hop
    return hop.connection !== undefined && this.#isOpen(hop.connection) ? hop : undefined
  }
}
