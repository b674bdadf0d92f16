/** Where a request would go, step by step, and why no other rule applies: what the pipeline does, in words. */
import type { Place } from '../locate/locator.ts'
import { hopText } from '../message/hop.ts'
import type { SipUri } from '../message/uri.ts'
import { type Reading, withoutTechPrefix } from '../numbers/number-plan.ts'
import type { Identity } from '../proxy/identity.ts'
import { formatRoute, type Route } from '../routes/route.ts'
import { hopOf, type RouteChoice, type Router } from '../routes/router.ts'
import { otherExpansions, otherRoutes, type Unused } from './unused.ts'

export interface TraceParts {
  readonly identity: Pick<Identity, 'isOurs' | 'domainOf' | 'addressesOfRecord' | 'numbers'>
  readonly router: Router
  readonly routes: readonly Route[]
  /** Contacts of an address-of-record, static ones included. */
  readonly contactsOf: (addressOfRecord: string) => readonly string[]
  /** Whether the caller may leave for other domains. */
  readonly mayRelay: boolean
  /** The places of a next hop, the first to try first. */
  readonly locate: (hop: SipUri) => Promise<readonly Place[]>
}

export interface TraceStep {
  readonly step: string
  readonly text: string
}

export interface Trace {
  readonly steps: readonly TraceStep[]
  /** Rules that do not apply. */
  readonly unused: readonly Unused[]
  /** Whether the request leads anywhere. */
  readonly isFound: boolean
}

const callId = 'castellan routes test'

export async function trace(uri: SipUri, parts: TraceParts): Promise<Trace> {
  const tracer = new Tracer(uri, parts)
  const isFound = parts.identity.isOurs(uri) ? await tracer.ofOurs() : await tracer.ofOther()
  return { steps: tracer.steps, unused: tracer.unused, isFound }
}

class Tracer {
  readonly steps: TraceStep[] = []
  readonly unused: Unused[] = []
  readonly #uri: SipUri
  readonly #parts: TraceParts

  constructor(uri: SipUri, parts: TraceParts) {
    this.#uri = uri
    this.#parts = parts
  }

  #say(step: string, text: string): void {
    this.steps.push({ step, text })
  }

  async ofOurs(): Promise<boolean> {
    const { identity } = this.#parts
    const { host } = this.#uri
    const domain = identity.domainOf(host)
    this.#say(
      'host',
      host === domain ? `${host} is a domain of this server` : `${host || 'a tel URI'} stands for ${domain}`,
    )
    const readings = identity.numbers.readingsOf(this.#uri)
    this.#sayReadings(readings)
    if (this.#isRegistered()) return true
    const number = readings.find(({ kind }) => kind === 'number')?.user
    if (number === undefined) {
      this.#say('route', 'static routes of type phone are not looked up, since the user is not read as a number')
      this.#say('result', '404 Not Found')
      return false
    }
    const choice = this.#parts.router.routesOfNumber(number, this.#request)
    this.#sayUnusedRoutes('phone', number, choice)
    return this.#byRoutes(choice, `${number}`)
  }

  async ofOther(): Promise<boolean> {
    const { host } = this.#uri
    const { router } = this.#parts
    const { isOn, usesDomains } = router.settings
    this.#say('host', `${host} is no domain of this server`)
    if (!isOn || !usesDomains)
      this.#say(
        'route',
        `domain routes are not looked up: ${isOn ? 'Cisco_Routing_Use_Domain_Routing' : 'Cisco_Routing'} is Off`,
      )
    const choice = router.routesOfDomain(host, this.#request)
    if (isOn && usesDomains) this.#sayUnusedRoutes('ip', host, choice)
    if (!this.#parts.mayRelay) return this.#refuse()
    if (choice) return this.#byRoutes(choice, host)
    if (isOn && usesDomains) this.#say('route', `no route for ${host}; the request goes to the host itself`)
    return this.#sayPlaces(this.#uri)
  }

  get #request() {
    return { isSips: this.#uri.scheme === 'sips', callId }
  }

  #sayReadings(readings: readonly Reading[]): void {
    const { numbers } = this.#parts.identity
    const { user = '' } = this.#uri
    const parameter = this.#uri.parameters.get('user')
    const because =
      parameter === undefined ? `NumericUsernameInterpretation ${numbers.interpretation}` : `;user=${parameter}`
    const words = readings.map(({ kind }) => (kind === 'number' ? 'a telephone number' : 'a name')).join(', then ')
    const isPlain = parameter === undefined && !numbers.isNumeric(user)
    this.#say(
      'user',
      `${user} is looked up as ${words} (${isPlain ? 'it has other characters than NumericUsernameCharacterSet' : because})`,
    )
    if (!readings.some(({ kind }) => kind === 'number')) return
    const number = user.replace(/[-.()]/g, '')
    const rule = numbers.expansion.ruleFor(number)
    this.#say(
      'expansion',
      rule
        ? `${number} becomes ${numbers.expansion.expand(number)}: NumExp ${rule.pattern} ${rule.expanded} of the plan ${rule.plan}`
        : `no NumExp matches ${number}`,
    )
    this.unused.push(...otherExpansions(numbers.expansion.rules, number, rule))
  }

  #isRegistered(): boolean {
    const { identity, contactsOf } = this.#parts
    const names = identity.addressesOfRecord(this.#uri)
    for (const name of names) {
      const contacts = contactsOf(name)
      if (contacts.length === 0) continue
      this.#say('registry', `${name} is registered at ${contacts.join(', ')}`)
      this.#say('result', 'the request goes to these contacts; static routes are not looked up')
      return true
    }
    this.#say('registry', `nobody is registered as ${names.join(' or ')}`)
    return false
  }

  async #byRoutes(choice: RouteChoice | undefined, key: string): Promise<boolean> {
    const { settings } = this.#parts.router
    if (!choice) {
      this.#say('route', settings.isOn ? `no route in service matches ${key}` : 'Cisco_Routing is Off')
      this.#say('result', '404 Not Found')
      return false
    }
    if (!this.#parts.mayRelay) return this.#refuse()
    if ('blockedBy' in choice) {
      this.#say('route', `${describeRoute(choice.blockedBy)} blocks it`)
      this.#say('result', '403 Forbidden')
      return false
    }
    let isFound = false
    for (const [i, route] of choice.entries()) {
      this.#say(i === 0 ? 'route' : 'then', describeRoute(route))
      if (route.techPrefixAction === 'Strip' && withoutTechPrefix(this.#uri.user ?? '') !== undefined)
        this.#say('prefix', 'the technology prefix is taken from the Request-URI')
      isFound = (await this.#sayPlaces(hopOf(route, this.#uri.scheme === 'sips'))) || isFound
    }
    if (!settings.searchesLessSpecific)
      this.#say('then', 'no less specific route: Cisco_Routing_Global_Less_Specific_Route_Search is Off')
    return isFound
  }

  /** As it is for strangers: neither routes nor other domains are for them. */
  #refuse(): false {
    this.#say('caller', 'may not use routes nor reach other domains; AllowRelay names who may')
    this.#say('result', '403 Forbidden')
    return false
  }

  async #sayPlaces(hop: SipUri): Promise<boolean> {
    const places = await this.#parts.locate(hop)
    const port = hop.port === undefined ? '' : `:${hop.port}`
    this.#say(
      'address',
      places.length === 0
        ? `${hop.host}${port} has no address that can be reached`
        : places.map(hopText).join(', then '),
    )
    return places.length > 0
  }

  #sayUnusedRoutes(type: Route['type'], key: string, choice: RouteChoice | undefined): void {
    const used = !choice ? [] : 'blockedBy' in choice ? [choice.blockedBy] : choice
    this.unused.push(...otherRoutes(this.#parts.routes, used, { type, key, ...this.#parts.router.settings }))
  }
}

/** `+1408...... to gw1.example.com:5060 UDP, priority 10, weight 5, "San Jose"`. */
export function describeRoute(route: Route): string {
  const { pattern, nextHop, nextHopPort, transport, priority, weight, label } = route
  const { transport: transportText } = formatRoute(route)
  const hop =
    nextHop === ''
      ? ''
      : ` to ${nextHop}${nextHopPort === 0 ? '' : `:${nextHopPort}`}${transport ? ` ${transportText}` : ''}`
  return `${pattern}${hop}, priority ${priority}, weight ${weight}${label === '' ? '' : `, "${label}"`}`
}
