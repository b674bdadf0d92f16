/** A SIP server put together: from a configuration in plain values to something that takes messages and sends them. */
import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Account } from '../account/account.ts'
import { EstablishedCalls } from '../calls/established.ts'
import { Enum, type EnumDomains } from '../enum/enum.ts'
import { type DnsPolicy, Locator } from '../locate/locator.ts'
import { familiesOf, type Lookup, type NameService } from '../locate/names.ts'
import type { LocationStore } from '../location/store.ts'
import type { DebugLog } from '../log/error-log.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import { type Elsewhere, ProxyCore } from '../pipeline/core.ts'
import { EnumSource } from '../pipeline/enum-source.ts'
import type { MoreSteps } from '../pipeline/pipeline.ts'
import { StaticRoutes } from '../pipeline/static-routes.ts'
import { Admission } from '../proxy/admission.ts'
import { FlowTokens } from '../proxy/flow-tokens.ts'
import { Forwarder } from '../proxy/forwarder.ts'
import { Identity, type IdentityOptions } from '../proxy/identity.ts'
import { Branches } from '../proxy/loop.ts'
import { type OwnHost, ThisMachine } from '../proxy/own-host.ts'
import type { ProxyPolicy } from '../proxy/policy.ts'
import { Relay, type RelaySettings } from '../proxy/relay.ts'
import { Signer } from '../proxy/signer.ts'
import { RegisteredUsers } from '../proxy/users.ts'
import { Registrar, type RegistrarLimits } from '../registrar/registrar.ts'
import { Router, routerOff } from '../routes/router.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import { KeyHasher } from '../transaction/hash.ts'
import { HeldTransactions } from '../transaction/held.ts'
import { TransactionLayer } from '../transaction/layer.ts'
import { type Holds, Outbound } from '../transaction/outbound.ts'
import type { TimerValues } from '../transaction/parts.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import { TimerWheel } from '../transaction/timer-wheel.ts'
import { TransactionTimers } from '../transaction/timers.ts'
import type { Sender } from '../transport/sender.ts'

export interface ServerSettings {
  readonly identity: IdentityOptions
  readonly policy: ProxyPolicy
  readonly relay: RelaySettings
  /** Names of hosts in sipd.conf and persistent_tcp.conf, in lower case. */
  readonly configuredNames: ReadonlySet<string>
  readonly dns: DnsPolicy
  /** Undefined: Cisco_Enum is off. */
  readonly enumDomains?: EnumDomains | undefined
  readonly timers: TimerValues
  /** Undefined: Cisco_Registry is off, and REGISTER is refused. */
  readonly registrar: RegistrarLimits | undefined
  readonly maxTransactions: number
  readonly maxHeldOctets: number
  readonly flood: { readonly perSecond: number; readonly exemptsLoopback: boolean }
  readonly retryAfterSeconds: number
}

export interface ServerOptions {
  readonly settings: ServerSettings
  /** This process among those that share the ports. */
  readonly worker: number
  readonly clock: Clock
  readonly log: Log
  /** The one of the process; one of its own otherwise. */
  readonly faults?: FaultGuard
  readonly debug: DebugLog
  readonly sender: Sender
  /** Keeps the connections that transactions are under way on. */
  readonly holds?: Holds
  readonly store: LocationStore
  readonly statistics: SipStatistics
  /** Of what strangers make this process hold; the store enters what it keeps in the same. */
  readonly account: Account
  /** Of names that requests lead to; and of those that the operator wrote, which nobody else's are to hold up. */
  readonly names: NameService
  readonly configuredNames?: NameService
  /** For a name of the operator's that the DNS does not have. */
  readonly otherNames?: Lookup
  /** What chance has a part in; Math.random unless given. */
  readonly random?: () => number
  /** Of the marks in what others carry for us: the same in processes that share the ports; a new one otherwise. */
  readonly signerSecret?: Buffer
  /** Which addresses are this machine; what its kernel says unless given. */
  readonly ownHost?: OwnHost
  /** That of the processes that know each other's keys; one of its own otherwise. */
  readonly hasher?: KeyHasher
  /** Other processes that take part in the traffic. */
  readonly elsewhere?: Elsewhere
  readonly settleMs?: number
  /** Of static routes; there are none unless given. */
  readonly router?: Router
  /** Steps that only some servers take. */
  readonly more?: MoreSteps
  readonly isConnectionOpen: (connection: string) => boolean
  readonly onAnswered: (transaction: ServerTransaction, status: number, response: string) => void
}

export interface SipServer {
  readonly core: ProxyCore
  readonly layer: TransactionLayer
  readonly held: HeldTransactions
  readonly identity: Identity
  readonly calls: EstablishedCalls | undefined
  /** Its timers end. */
  stop(): void
}

/** The transactions, and the timers that end with the server. */
function transactionsOf(
  { settings, clock, sender, holds, statistics, account, debug, ...options }: ServerOptions,
  faults: FaultGuard,
) {
  const wheel = new TimerWheel(clock, (error) => faults.report('serving a timer', error))
  const held = new HeldTransactions({ clock, holdMs: settings.timers.holdMs, maxOctets: settings.maxHeldOctets })
  const timers = new TransactionTimers(settings.timers, wheel)
  const transport = new Outbound(sender, statistics, holds)
  const hasher = options.hasher ?? new KeyHasher()
  const { maxTransactions, retryAfterSeconds } = settings
  const common = { clock, transport, timers, held, statistics, account }
  const layer = new TransactionLayer({ ...common, hasher, debug, maxTransactions, retryAfterSeconds })
  return { wheel, held, timers, transport, layer }
}

function locatorOf(options: ServerOptions): Locator {
  const { clock, names, settings, configuredNames = names, otherNames, random, debug } = options
  const { identity, dns } = settings
  return new Locator({
    clock,
    policy: dns,
    names,
    families: familiesOf(identity.listeners),
    transports: new Set(identity.listeners.flatMap(({ transports }) => transports)),
    configured: {
      names: configuredNames,
      hosts: settings.configuredNames,
      ...(otherNames && { otherwise: otherNames }),
    },
    ...(random && { random }),
    onFailure: (name, error) => {
      if (debug.Routing.on) debug.Routing.write('a name could not be looked up', { name, why: messageOf(error) })
    },
  })
}

/** The steps of this server; ENUM is asked after the registry. */
function withEnum(
  { more = {}, settings, names, clock, debug }: ServerOptions,
  identity: Identity,
  relay: Relay,
): MoreSteps {
  const { enumDomains, policy } = settings
  if (!enumDomains) return more
  const source = new EnumSource({
    numbers: new Enum({ clock, names, domains: enumDomains, debug: debug.Enum }),
    identity,
    // A redirect server sends nobody anywhere itself.
    mayLeave: ({ request, source: from, routing, uri, isOurs }) =>
      policy.redirect || relay.passage(request, from, routing, uri, isOurs)?.isUnbounded === true,
  })
  return { ...more, targetsAfter: [source, ...(more.targetsAfter ?? [])] }
}

/** DebugFlag Numexpand. */
function tellsExpansions({ Numexpand }: DebugLog): IdentityOptions['onExpanded'] {
  return Numexpand.on ? (number, expanded) => Numexpand.write('a number was expanded', { number, expanded }) : undefined
}

export function createSipServer(options: ServerOptions): SipServer {
  const { settings, clock, log, debug, store, statistics, account } = options
  const { policy, retryAfterSeconds } = settings
  const faults = options.faults ?? new FaultGuard(clock, log)
  const { wheel, held, timers, transport, layer } = transactionsOf(options, faults)
  const identity = new Identity({ ...settings.identity, onExpanded: tellsExpansions(debug) })
  // A datagram can be sent at any time.
  const isFlowOpen = (flow: Hop): boolean =>
    !isReliable(flow) || (flow.connection !== undefined && options.isConnectionOpen(flow.connection))
  const users = new RegisteredUsers(store, isFlowOpen, (uri, flow) => relay.mayLeadAway(uri, flow))
  const signer = new Signer(options.signerSecret)
  const ownHost = options.ownHost ?? new ThisMachine(clock)
  const flowTokens = new FlowTokens(signer)
  const relay = new Relay({ ...settings.relay, identity, ownHost, signer, users })
  const router = options.router ?? new Router(routerOff)
  const { routes = [], ...more } = withEnum(options, identity, relay)
  const staticRoutes = new StaticRoutes({ router, identity, debug: debug.Routing })
  const common = { clock, log, debug, faults, identity, policy, relay, signer, flowTokens, transport }
  const forwarder = new Forwarder({
    ...common,
    transactions: layer,
    timers,
    holding: account.transactions,
    branches: new Branches(options.worker),
    locator: locatorOf(options),
  })
  const calls = policy.stateful && policy.addRecordRoute ? new EstablishedCalls(clock, account) : undefined
  const { registrar: limits } = settings
  const core = new ProxyCore({
    ...common,
    layer,
    forwarder,
    users,
    calls,
    statistics,
    registrar: limits && new Registrar({ store, clock, domains: identity, relay, limits, account, isFlowOpen }),
    admission: new Admission({ clock, ...settings.flood, retryAfterSeconds }),
    ...(options.elsewhere && { elsewhere: options.elsewhere }),
    settleMs: options.settleMs ?? 0,
    isFlowOpen,
    more: { ...more, routes: [staticRoutes, ...routes] },
    onAnswered: options.onAnswered,
  })
  const stop = (): void => {
    calls?.stop()
    wheel.stop()
    held.stop()
  }
  return { core, layer, held, identity, calls, stop }
}
