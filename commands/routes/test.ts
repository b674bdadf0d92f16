/** castellan routes test: where a call would go, step by step, and why no other rule applies. */
import { lookup } from 'node:dns/promises'
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { defineCommand } from '../../lib/cli/command.ts'
import { CommandFailure, exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { flag, json, text } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import { hostAndPort } from '../../lib/net/address.ts'
import { printable } from '../../lib/text/escape.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { SipdConfig } from '../../sipd/config/directives.ts'
import { type ReadConfig, readConfig } from '../../sipd/config/read.ts'
import { Locator } from '../../sipd/locate/locator.ts'
import { familiesOf } from '../../sipd/locate/names.ts'
import { SystemNames } from '../../sipd/locate/system-names.ts'
import { BindingsFile } from '../../sipd/location/bindings-file.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { parseRequestUri, type SipUri } from '../../sipd/message/uri.ts'
import { Identity } from '../../sipd/proxy/identity.ts'
import { ThisMachine } from '../../sipd/proxy/own-host.ts'
import { Relay } from '../../sipd/proxy/relay.ts'
import { Signer } from '../../sipd/proxy/signer.ts'
import { RouteTable } from '../../sipd/routes/route-table.ts'
import { Router } from '../../sipd/routes/router.ts'
import { type Trace, type TraceParts, trace } from '../../sipd/trace/trace.ts'
import { routerSettings } from '../../sipd/worker/routing.ts'
import {
  dnsPolicyOf,
  identityOf,
  listenersOf,
  registrationSettings,
  serverSettings,
} from '../../sipd/worker/settings.ts'
import { readRoutes } from './file.ts'

/** Of the rules that do not apply, unless all are asked for. */
const shownUnused = 10

export const routesTest = defineCommand({
  name: 'test',
  operands: '<number>',
  summary: 'explain where a call to a number or a URI would go, and why no other rule applies',
  details:
    'It reads sipd.conf, the routes and the registrations as they are on disk, and asks the DNS; no call is made. ENUM is not asked. The caller is this machine unless --from says another; a phone that may relay since it registered (AllowRelayRegistered) is not told from others.',
  example: 'castellan routes test 2001',
  exitCodes: { 1: 'the call would lead nowhere' },
  options: {
    json,
    from: text('--from <address>', 'of the caller, who may use routes or not (this machine)'),
    all: flag('--all', 'show every rule that does not apply'),
  },
  async run({ home, operands: [number = ''], options }) {
    const configuration = readConfig(home)
    const { config } = configuration
    const identity = new Identity(identityOf(config))
    const { from = '127.0.0.1' } = options
    if (isIP(from) === 0) throw new UsageError(`--from: expected an IP address, got ${printable(from)}`)
    const mayRelay = relayOf(configuration, identity).isTrusted(hopOf(from))
    const uri = uriOf(number, identity, config)
    const traced = await trace(uri, { ...partsOf(home, config, identity), mayRelay })
    show(traced, options.json, () => formatTrace(traced, options.all ? Number.POSITIVE_INFINITY : shownUnused))
    return traced.isFound ? exitCodes.ok : exitCodes.error
  },
})

/** A number stands for the user of the first domain, or of an address where there is no domain. */
function uriOf(text: string, identity: Identity, config: SipdConfig): SipUri {
  const [address = '127.0.0.1'] = identityOf(config).addresses
  const host = identity.domainOf('') || hostAndPort(address, config.Listen[0]?.port ?? config.Port)
  const isUri = /^(?:sips?|tel):/i.test(text)
  const uri = parseRequestUri(isUri ? text : `sip:${text}${text.includes('@') ? '' : `@${host}`}`)
  if (uri?.user === undefined) throw new UsageError(`expected a number, user@host or a SIP URI, got ${printable(text)}`)
  return uri
}

function partsOf(home: Home, config: SipdConfig, identity: Identity): Omit<TraceParts, 'mayRelay'> {
  const routes = readRoutes(home)
  const router = new Router(routerSettings(config))
  router.table = new RouteTable(routes)
  const contacts = registeredContacts(home)
  const names = new SystemNames({ clock: systemClock, servers: config.NameServer })
  const locator = new Locator({
    clock: systemClock,
    policy: dnsPolicyOf(config),
    names,
    families: familiesOf(config.Listen),
    transports: new Set(listenersOf(config).flatMap(({ transports }) => transports)),
    configured: {
      names,
      hosts: new Set(),
      otherwise: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    },
  })
  return {
    identity,
    router,
    routes,
    contactsOf: (name) => contacts.get(name) ?? [],
    locate: async (hop) => {
      const located = await locator.locate(hop, hopOf('127.0.0.1'), { isConfigured: true })
      return typeof located === 'string' ? [] : located
    },
  }
}

function hopOf(address: string): Hop {
  return { transport: 'UDP', address, port: 5060, listener: 0, connection: undefined }
}

/** Who may leave, as far as that is known without a request. */
function relayOf(configuration: ReadConfig, identity: Identity): Relay {
  return new Relay({
    ...serverSettings(configuration).relay,
    identity,
    ownHost: new ThisMachine(systemClock),
    signer: new Signer(),
    users: { isReachedFrom: () => false, isContact: () => false },
  })
}

/** By address-of-record: those of sipd.conf, and those on disk that have not run out. */
function registeredContacts(home: Home): ReadonlyMap<string, string[]> {
  const { path, statics, rename } = registrationSettings(readConfig(home), home)
  const contacts = new Map<string, string[]>()
  const add = (name: string, contact: string): void => {
    const before = contacts.get(name)
    if (before) before.push(contact)
    else contacts.set(name, [contact])
  }
  for (const [name, bindings] of statics) for (const { contact } of bindings) add(name, contact)
  if (!existsSync(path)) return contacts
  try {
    const file = new BindingsFile(path, { isCopy: true })
    for (const [name, { contact }] of file.read(systemClock.now())) add(rename(name), contact)
    file.close()
  } catch (error) {
    throw new CommandFailure(`cannot read the registrations in ${path}: ${messageOf(error)}`)
  }
  return contacts
}

export function formatTrace({ steps, unused }: Trace, mostUnused: number): string {
  const width = Math.max(...steps.map(({ step }) => step.length))
  const lines = steps.map(({ step, text }) => `${step.padEnd(width)}  ${printable(text)}`)
  if (unused.length > 0) lines.push('', 'not used:')
  for (const { rule, why } of unused.slice(0, mostUnused)) lines.push(`  ${printable(rule)}: ${printable(why)}`)
  const more = unused.length - mostUnused
  if (more > 0) lines.push(`  and ${more} more; --all shows them`)
  return `${lines.join('\n')}\n`
}
