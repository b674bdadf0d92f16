/** Asks name servers one after the other, and follows aliases: from a name and a type to records and how long they are true. */
import type { Answer as PacketRecord } from 'dns-packet'
import { Cooldown } from '../../lib/bounds/cooldown.ts'
import { messageOf } from '../../lib/errors.ts'
import { hostAndPort } from '../../lib/net/address.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Exchange, NameServer } from './exchange.ts'
import { type DnsResponse, dataOf, isDnsName, plainName, type RecordData, type RecordType, ttlOf } from './message.ts'

/** No records are an answer as well. */
export interface Answer<T extends RecordType = RecordType> {
  readonly records: readonly RecordData[T][]
  readonly ttlSeconds: number
}

export interface Dns {
  /** Throws a NoAnswerError when no name server gave an answer. */
  ask<T extends RecordType>(type: T, name: string): Promise<Answer<T>>
}

/** No name server said anything of the name; whether it exists is unknown. */
export class NoAnswerError extends Error {}

export interface ResolverOptions {
  readonly clock: Clock
  /** Those in force now, in the order in which they are asked. */
  readonly servers: () => readonly NameServer[]
  readonly exchange: Exchange
}

/** A name is given up after this time, whatever its servers do. */
const withinMs = 2000
const serverTimeoutMs = 1000
/** RFC 1034 §3.6.2: aliases may lead to aliases; nobody has more on purpose. */
const mostAliases = 8
const mostRecords = 32
/** Each has a socket of its own. */
const mostAtOnce = 256
/** A server that did not answer is asked last for so long. */
const restMs = 30_000
/** Of an answer that says that there is no such record, at most: a record that is added now is found soon. */
const longestNegativeSeconds = 300
/** Of one that does not say how long that is true. */
const usualNegativeSeconds = 5
const longestSeconds = 86_400
/** A TTL of 0 would have every request ask again. */
const shortestSeconds = 1

const noRecords: readonly never[] = []

export class Resolver implements Dns {
  readonly #options: ResolverOptions
  readonly #silent: Cooldown
  /** Questions that are under way. */
  #underWay = 0

  constructor(options: ResolverOptions) {
    this.#options = options
    this.#silent = new Cooldown({ clock: options.clock, forMs: restMs, most: 16 })
  }

  async ask<T extends RecordType>(type: T, name: string): Promise<Answer<T>> {
    const untilMs = this.#options.clock.monotonicMs() + withinMs
    let wanted = plainName(name)
    let ttlSeconds = longestSeconds
    for (let aliases = 0; aliases <= mostAliases; aliases++) {
      if (!isDnsName(wanted)) return { records: noRecords, ttlSeconds: usualNegativeSeconds }
      const response = await this.#respond(type, wanted, untilMs)
      const found = recordsOf(type, wanted, response.answers)
      ttlSeconds = Math.min(ttlSeconds, found.ttlSeconds)
      if (found.records.length > 0) return { records: found.records, ttlSeconds: Math.max(shortestSeconds, ttlSeconds) }
      // An alias whose target is not in the response: it is asked for itself.
      if (found.name === wanted || response.code !== 'NOERROR' || response.negativeTtlSeconds !== undefined)
        return { records: noRecords, ttlSeconds: Math.min(ttlSeconds, negativeSeconds(response)) }
      wanted = found.name
    }
    throw new NoAnswerError(`${name} has more than ${mostAliases} aliases one after the other`)
  }

  async #respond(type: RecordType, name: string, untilMs: number): Promise<DnsResponse> {
    const { clock, servers, exchange } = this.#options
    const all = this.#silent.restedFirst(servers(), keyOf)
    const failures = new Set<string>()
    // Twice, for a datagram may be lost.
    for (const server of [...all, ...all]) {
      const leftMs = Math.min(serverTimeoutMs, untilMs - clock.monotonicMs())
      if (leftMs <= 0) break
      if (this.#underWay >= mostAtOnce)
        throw new NoAnswerError(`no answer for ${type} of ${name}: too many questions are under way`)
      this.#underWay++
      try {
        const response = await exchange(server, name, type, leftMs)
        if (response.code === 'NOERROR' || response.code === 'NXDOMAIN') {
          this.#silent.succeeded(keyOf(server))
          return response
        }
        failures.add(`name server ${keyOf(server)}: ${response.code}`)
      } catch (error) {
        this.#silent.failed(keyOf(server))
        failures.add(messageOf(error))
      } finally {
        this.#underWay--
      }
    }
    const why = all.length === 0 ? 'there is no name server' : [...failures].join('; ')
    throw new NoAnswerError(`no answer for ${type} of ${name}: ${why}`)
  }
}

/** The records of a name, or of what its aliases in the same response lead to; `name` is the last of these. */
function recordsOf<T extends RecordType>(type: T, name: string, answers: readonly PacketRecord[]) {
  let at = name
  let ttlSeconds = longestSeconds
  const seen = new Set<string>()
  while (!seen.has(at) && seen.size <= mostAliases) {
    seen.add(at)
    const ofName = answers.filter((record) => plainName(record.name) === at)
    const records: RecordData[T][] = []
    for (const record of ofName) {
      const data = records.length < mostRecords ? dataOf(type, record) : undefined
      if (data === undefined) continue
      records.push(data)
      ttlSeconds = Math.min(ttlSeconds, ttlOf(record))
    }
    if (records.length > 0) return { records, ttlSeconds, name: at }
    const alias = ofName.find((record) => record.type === 'CNAME')
    if (alias?.type !== 'CNAME') break
    ttlSeconds = Math.min(ttlSeconds, ttlOf(alias))
    at = plainName(alias.data)
  }
  return { records: noRecords, ttlSeconds, name: at }
}

function negativeSeconds({ negativeTtlSeconds = usualNegativeSeconds }: DnsResponse): number {
  return Math.min(longestNegativeSeconds, Math.max(usualNegativeSeconds, negativeTtlSeconds))
}

function keyOf({ address, port }: NameServer): string {
  return hostAndPort(address, port)
}
