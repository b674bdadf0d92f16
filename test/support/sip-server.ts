/** A SIP server without a network: what it sends is handed to the test, and time stands still until it is moved. */

import { createLog } from '../../lib/log/log.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Account, AccountSettings } from '../../sipd/account/account.ts'
import type { Lookup, NameService } from '../../sipd/locate/names.ts'
import type { Change } from '../../sipd/location/binding.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'
import { type DebugLog, noDebug } from '../../sipd/log/error-log.ts'
import type { MoreSteps } from '../../sipd/pipeline/pipeline.ts'
import { ThisMachine } from '../../sipd/proxy/own-host.ts'
import type { ProxyPolicy } from '../../sipd/proxy/policy.ts'
import type { Router } from '../../sipd/routes/router.ts'
import { createSipServer, type ServerSettings, type SipServer } from '../../sipd/server/server.ts'
import { SipStatistics } from '../../sipd/statistics/statistics.ts'
import type { Holds, OctetSender } from '../../sipd/transaction/outbound.ts'
import { standardTimers } from '../../sipd/transaction/timers.ts'
import { accountFor } from './sip-account.ts'

export interface TestServerOptions {
  readonly domains?: readonly string[]
  readonly policy?: Partial<ProxyPolicy>
  readonly settings?: Partial<ServerSettings>
  readonly send: OctetSender['send']
  readonly holds?: Holds
  readonly clock?: ManualClock
  /** Bounds on what strangers may make it hold; without them nothing is refused. */
  readonly account?: Partial<AccountSettings>
  readonly debug?: DebugLog
  /** Of names that have addresses alone; `names` where they have more. */
  readonly lookup?: Lookup
  readonly names?: NameService
  readonly random?: () => number
  readonly signerSecret?: Buffer
  readonly more?: MoreSteps
  readonly router?: Router
  readonly settleMs?: number
  /** All of them, unless given. */
  readonly isConnectionOpen?: (connection: string) => boolean
  /** Registrations that are there without a REGISTER. */
  readonly statics?: readonly Change[]
}

export interface TestServer extends SipServer {
  readonly clock: ManualClock
  readonly store: MemoryLocation
  readonly statistics: SipStatistics
  readonly account: Account
  /** Lines of the error log. */
  readonly logged: readonly string[]
}

/** Of the machine that the server runs on; one beside that which it listens on. */
const ownAddresses = ['127.0.0.1', '::1', '192.0.2.1', '192.0.2.2']

export const standardPolicy: ProxyPolicy = {
  stateful: true,
  redirect: false,
  redirectsToNextHops: false,
  recursive: true,
  usesCallerPreferences: true,
  maxForks: 5,
  addRecordRoute: false,
  addTransportInRecordRoute: false,
  ignoredExtensions: new Set(),
  ringMs: 60_000,
  maxRingMs: 180_000,
  longestRingMs: 1_800_000,
  routeTransport: 'UDP',
  allowsSipsToSip: false,
}

/** Listens on 192.0.2.1:5060 as example.test, or as the domains given. */
export function testServer(options: TestServerOptions): TestServer {
  const clock = options.clock ?? new ManualClock()
  const logged: string[] = []
  const log = createLog({ component: 'sipd', level: 'info', write: (line) => logged.push(line) })
  const account = accountFor(clock, options.account, log)
  const store = new MemoryLocation({ clock, cleanupEveryMs: 180_000, statics: options.statics ?? [], account })
  const statistics = new SipStatistics(clock)
  const identity = options.settings?.identity ?? {
    listeners: [
      {
        transports: ['UDP', 'TCP', 'TLS'],
        address: '192.0.2.1',
        port: 5060,
        sentBy: '192.0.2.1',
        tlsPort: 5061,
      },
    ],
    domains: options.domains ?? ['example.test'],
    addresses: ['192.0.2.1'],
  }
  const server = createSipServer({
    settings: {
      identity,
      policy: { ...standardPolicy, ...options.policy },
      configuredNames: new Set(),
      dns: { usesNaptr: true, srvForFqdnOnly: false, transportOrder: ['TLS', 'TCP', 'UDP'] },
      // As behind a loopback listener, where everybody may do what they like.
      relay: { exposed: identity.listeners.map(() => false), allowed: [], allowsRegistered: false },
      timers: standardTimers,
      registrar: {
        minExpiresSeconds: 60,
        maxExpiresSeconds: 86_400,
        defaultExpiresSeconds: 3600,
        contactsPerUser: 10,
        users: 1000,
        usersPerSource: 1000,
        newUsersPerMinute: 0,
        retryAfterSeconds: 60,
      },
      maxTransactions: 1000,
      maxHeldOctets: 16 << 20,
      flood: { perSecond: 0, exemptsLoopback: true },
      retryAfterSeconds: 60,
      ...options.settings,
    },
    worker: 1,
    clock,
    log,
    account,
    debug: options.debug ?? noDebug,
    ...(options.signerSecret && { signerSecret: options.signerSecret }),
    ...(options.more && { more: options.more }),
    ...(options.router && { router: options.router }),
    settleMs: options.settleMs ?? 0,
    ownHost: new ThisMachine(clock, () => ownAddresses),
    sender: { send: options.send },
    ...(options.holds && { holds: options.holds }),
    store,
    statistics,
    names: options.names ?? addressesBy(options.lookup ?? (async () => [])),
    ...(options.random && { random: options.random }),
    isConnectionOpen: options.isConnectionOpen ?? (() => true),
    onAnswered: () => {},
  })
  return { ...server, clock, store, statistics, logged, account }
}

/** A DNS whose names have addresses and nothing else, true for 30 s. */
export function addressesBy(lookup: Lookup): NameService {
  const none = async () => ({ records: [], ttlSeconds: 30 })
  return {
    known: () => undefined,
    addresses: async (host, families) => ({ records: await lookup(host, families), ttlSeconds: 30 }),
    srv: none,
    naptr: none,
  }
}
