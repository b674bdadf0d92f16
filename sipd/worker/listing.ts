/** Lists for an operator, given away a page at a time: 200,000 registrations are no reason to keep a request waiting. */
import type { Clock } from '../../lib/time/clock.ts'
import type { Call } from '../calls/call.ts'
import { type Binding, isStatic } from '../location/binding.ts'
import type { LocationStore } from '../location/store.ts'
import type { SipServer } from '../server/server.ts'

/** What may be listed. */
export const listSubjects = ['registrations', 'calls'] as const
export type ListSubject = (typeof listSubjects)[number]

/** An address-of-record with what is registered for it. */
export interface RegistrationItem {
  readonly addressOfRecord: string
  readonly contacts: readonly RegisteredContact[]
}

export interface RegisteredContact {
  readonly contact: string
  /** 0 to 1. */
  readonly q: number
  /** Null for a StaticContact, which never runs out. */
  readonly expiresInSeconds: number | null
  /** `TRANSPORT/ADDRESS/PORT/...` that it registered from, where calls go that way; null where they go to the contact. */
  readonly flow: string | null
  readonly path: readonly string[]
  readonly userAgent: string
  readonly callId: string
  readonly cseq: number
}

export interface CallItem extends Omit<Call, 'sinceMs'> {
  /** In milliseconds since 1970, by the clock as it is now. */
  readonly sinceMs: number
  readonly seconds: number
}

export type ListItem = RegistrationItem | CallItem

export interface ListSources {
  readonly clock: Clock
  readonly store: LocationStore
  readonly calls: () => Iterable<Call>
}

export interface Page {
  readonly items: readonly ListItem[]
  readonly isLast: boolean
}

const itemsAtOnce = 200
/** Between two looks at the clock: of 200,000 users perhaps none is wanted. */
const visitedAtOnce = 5000

/** The lists that are being given, by the number of their request. */
export class Listings {
  readonly #sources: ListSources
  readonly #open = new Map<number, Iterator<ListItem | undefined>>()

  constructor(sources: ListSources) {
    this.#sources = sources
  }

  /** Begins a list, of a user or of all where that is the empty string. */
  begin(request: number, subject: ListSubject, user: string): Page {
    this.#open.set(request, subject === 'calls' ? this.#calls(user) : this.#registrations(user))
    return this.next(request)
  }

  /** The next page of a list that was begun. */
  next(request: number): Page {
    const items: ListItem[] = []
    const open = this.#open.get(request)
    for (let visited = 0; open && visited < visitedAtOnce && items.length < itemsAtOnce; visited++) {
      const { done, value } = open.next()
      if (done) {
        this.#open.delete(request)
        return { items, isLast: true }
      }
      if (value) items.push(value)
    }
    return { items, isLast: open === undefined }
  }

  /** Nobody wants the rest. */
  end(request: number): void {
    this.#open.delete(request)
  }

  /** Gives undefined for one that is not wanted, so that the caller may rest. */
  *#registrations(user: string): Generator<ListItem | undefined> {
    const { store } = this.#sources
    for (const [addressOfRecord, bindings] of store.all()) {
      if (!isOfUser(addressOfRecord, user)) yield undefined
      else yield { addressOfRecord, contacts: bindings.map((binding) => toContact(binding, store.nowMs())) }
    }
  }

  *#calls(user: string): Generator<ListItem | undefined> {
    const { calls, clock } = this.#sources
    for (const call of calls()) {
      const isWanted = isOfUser(call.from, user) || isOfUser(call.to, user)
      const lastsMs = clock.monotonicMs() - call.sinceMs
      const sinceMs = Math.round(clock.now() - lastsMs)
      yield isWanted ? { ...call, sinceMs, seconds: Math.round(lastsMs / 1000) } : undefined
    }
  }
}

/** `ann`, `ann@example.com` or `sip:ann@example.com`, of a URI with or without port and parameters; an empty user is everybody. */
export function isOfUser(uri: string, user: string): boolean {
  if (user === '') return true
  const wanted = user.replace(/^(?:sips?|tel):/i, '')
  const [, found = ''] = /^(?:sips?|tel):([^;?]*)/i.exec(uri) ?? []
  const [name = '', host = ''] = splitUser(found)
  const [wantedName = '', wantedHost = ''] = splitUser(wanted)
  return name === wantedName && (wantedHost === '' || withoutPort(host) === withoutPort(wantedHost))
}

function splitUser(address: string): [string, string] {
  const at = address.lastIndexOf('@')
  return at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)]
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '').toLowerCase()
}

function toContact(binding: Binding, nowMs: number): RegisteredContact {
  const { contact, q, expiresAtMs, flow = null, path, userAgent, callId, cseq } = binding
  const expiresInSeconds = isStatic(binding) ? null : Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000))
  return { contact, q: q / 1000, expiresInSeconds, flow, path, userAgent, callId, cseq }
}

/** Those that are being set up, and those that go on. */
export function* allCalls({ core, calls }: Pick<SipServer, 'core' | 'calls'>): IterableIterator<Call> {
  yield* core.callsBeingSetUp()
  if (calls) yield* calls.all()
}
