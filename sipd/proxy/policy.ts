/** What sipd.conf leaves to the operator of a proxy. */
import type { TransportName } from '../message/hop.ts'

export interface ProxyPolicy {
  /** StatefulServer. */
  readonly stateful: boolean
  /** ServerType Redirect. */
  readonly redirect: boolean
  /** SipResolveLocalContactsInRedirectMode: a redirect server gives the next hops of its routes. */
  readonly redirectsToNextHops: boolean
  /** Recursive: contacts of 3xx are tried from here. */
  readonly recursive: boolean
  /** UseCallerPreferences. */
  readonly usesCallerPreferences: boolean
  /** MaxForks: targets tried for one request. */
  readonly maxForks: number
  readonly addRecordRoute: boolean
  readonly addTransportInRecordRoute: boolean
  /** IgnoreProxyRequire: option tags, in lower case, that are treated as if they were not there. */
  readonly ignoredExtensions: ReadonlySet<string>
  /** SipT3InMs, SipMaxT3InMs: how long an INVITE may ring without an Expires, and with the longest. */
  readonly ringMs: number
  readonly maxRingMs: number
  /** MaxRingSeconds: in all, however often a phone says that it rings; 0 is without end. */
  readonly longestRingMs: number
  /** AllowSipTlsConversionToSip. */
  readonly allowsSipsToSip: boolean
  /** SipRouteHeaderTransportType: of routes that name no transport. */
  readonly routeTransport: TransportName
}
