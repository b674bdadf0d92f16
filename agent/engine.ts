/** A datagram's way in and out: transport, message, security, access, dispatch (RFC 3411 §3, RFC 3412 §4.2). */

import { DecodeError } from '../lib/ber/decode-error.ts'
import { BerReader } from '../lib/ber/reader.ts'
import { tag } from '../lib/ber/tags.ts'
import { BerWriter } from '../lib/ber/writer.ts'
import type { OctetAccount } from '../lib/bounds/octet-account.ts'
import { limitedLog } from '../lib/log/limited-log.ts'
import type { Log } from '../lib/log/log.ts'
import type { Registry } from '../lib/mib/registry.ts'
import type { SetFailure, SetVarbind } from '../lib/mib/set.ts'
import { View } from '../lib/mib/view.ts'
import { isLoopbackAddress } from '../lib/net/address.ts'
import { sourceNetwork, sourceSite } from '../lib/net/source-network.ts'
import { type ErrorStatus, toV1ErrorStatus } from '../lib/smi/error-status.ts'
import type { Principal, SecurityModel } from '../lib/smi/principal.ts'
import { type Clock, systemClock } from '../lib/time/clock.ts'
import { Statistics } from '../snmp/engine/statistics.ts'
import { CommunityExchange, type Exchange } from '../snmp/exchange.ts'
import type { LocalV3 } from '../snmp/local-v3.ts'
import { messageVersion, pduTag } from '../snmp/message/pdu.ts'
import { type AnsweredRequest, Request } from '../snmp/message/request.ts'
import { closeResponse, openResponse, writeErrorResponse } from '../snmp/message/response.ts'
import { readV3 } from '../snmp/message/v3-message.ts'
import { type Community, findCommunity } from '../snmp/security/community.ts'
import type { Remote, Transport } from '../snmp/transport/udp.ts'
import { type AccessResult, Vacm, type ViewType } from './access/vacm.ts'
import { read, type Unfinished } from './dispatch/read.ts'
import type { ReadFailure, ReadRules } from './dispatch/read-rules.ts'
import type { RemoteAnswer } from './dispatch/remote-answer.ts'
import { SetRequests } from './dispatch/set-requests.ts'
import type { SetRecord } from './set-record.ts'
import { makeAccounts } from './trust/accounts.ts'

export interface EngineOptions {
  readonly registry: Registry
  /** As long as it does not serve, SNMPv3 is a version that is not spoken here. */
  readonly v3?: LocalV3
  readonly log: Log
  readonly statistics?: Statistics
  /** Octets of the largest message we send or take. */
  readonly maxMessageSize?: number
  readonly onAuthenticationFailure?: (remote: Remote) => void
  readonly onSet?: (record: SetRecord) => void
  readonly clock?: Clock
  /** What requests that wait may hold; a source is the address of a manager. */
  readonly requests?: OctetAccount
}

/** What a principal may do. */
type Rights = Readonly<Record<'read' | 'write', AccessResult>>

/** A community with what it may do in each version, decided when the configuration is taken. */
interface Grant extends Community {
  readonly versions: readonly { readonly principal: Principal; readonly rights: Rights }[]
}

const models: readonly SecurityModel[] = ['snmpv1', 'snmpv2c']
const setsWaitingAtMost = 64
const tooMuchWaits = 'too many requests wait already'
/** Requests that wait for subagents at the same time. */
const remoteReadsAtMost = 4096
/** What a request that waits costs for each of its varbinds, beside its octets: names, cursors, values. */
const octetsOfVarbind = 600
/** RFC 3417 §3.2.1 and an Ethernet frame: what a GETBULK fills when the manager is not on this machine. */
const remoteBulkOctets = 1472

export class Engine {
  readonly statistics: Statistics
  readonly registry: Registry
  readonly maxMessageSize: number
  readonly log: Log
  readonly #sets: SetRequests
  readonly #options: EngineOptions
  readonly #reader = new BerReader()
  #out = new BerWriter()
  readonly #request = new Request()
  #grants: readonly Grant[] = []
  #vacm = new Vacm([], [], [])
  #remoteReads = 0
  readonly #requests: OctetAccount
  readonly #v3: LocalV3 | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.registry = options.registry
    this.#v3 = options.v3
    this.statistics = options.statistics ?? new Statistics()
    this.maxMessageSize = Math.min(options.maxMessageSize ?? 65_507, 65_507)
    // The sender of a datagram that finds a bug may send it again and again.
    this.log = limitedLog(options.log, options.clock ?? systemClock)
    this.#sets = new SetRequests(options.registry, this.log, options.onSet !== undefined)
    this.#requests = options.requests ?? makeAccounts().requests
  }

  /** Takes communities and access rights; what is being answered keeps the old ones. */
  configure(communities: readonly Community[], vacm: Vacm): void {
    this.#vacm = vacm
    this.#grants = communities.map((community) => ({
      ...community,
      versions: models.map((securityModel) => {
        const { securityName, contextName } = community
        const principal = { securityModel, securityName, securityLevel: 'noAuthNoPriv', contextName } as const
        return { principal, rights: this.#rightsOf(principal) }
      }),
    }))
  }

  /** By the access rights that are in force. */
  viewFor(principal: Principal, type: ViewType): AccessResult {
    return this.#vacm.viewFor(principal, type)
  }

  #rightsOf(principal: Principal): Rights {
    return { read: this.viewFor(principal, 'read'), write: this.viewFor(principal, 'write') }
  }

  /** Answers one datagram. Whatever its octets are, they cost at most themselves. */
  receive(bytes: Uint8Array, remote: Remote, transport: Transport): void {
    const { statistics } = this
    statistics.snmpInPkts++
    try {
      const reader = this.#reader.reset(bytes)
      const whole = reader.enter(tag.sequence)
      const version = reader.integer32()
      const v3 = version === messageVersion.v3 ? this.#v3?.messages : undefined
      if (v3) {
        const exchange = v3.receive(readV3(reader, whole), reader, transport, remote)
        if (!exchange) return
        this.#request.readPdu(reader)
        this.#process(exchange, this.#request, this.viewFor(exchange.principal, accessOf(this.#request)))
        return
      }
      if (version !== messageVersion.v1 && version !== messageVersion.v2c) {
        statistics.snmpInBadVersions++
        return
      }
      const communityEnd = reader.header(tag.octetString)
      const communityStart = reader.position
      reader.position = communityEnd
      const request = this.#request
      request.readPdu(reader)
      reader.leave(whole)
      // What follows the message in its datagram makes the datagram a wrong one.
      if (reader.position !== bytes.length) reader.fail('octets follow the message')

      const grant = findCommunity(this.#grants, bytes, communityStart, communityEnd, remote)
      if (!grant) {
        statistics.snmpInBadCommunityNames++
        this.#options.onAuthenticationFailure?.(remote)
        return
      }
      const community = bytes.subarray(communityStart, communityEnd)
      const { principal, rights } = grant.versions[version]!
      const { maxMessageSize } = this
      const exchange = new CommunityExchange({ transport, remote, version, community, principal, maxMessageSize })
      this.#process(exchange, request, rights[accessOf(request)])
    } catch (error) {
      if (error instanceof DecodeError) statistics.snmpInASNParseErrs++
      else this.log.error('bug while receiving', { remote, error })
    }
  }

  #process(exchange: Exchange, request: Request, view: AccessResult): void {
    const { statistics } = this
    const { isV1 } = exchange
    switch (request.pduTag) {
      case pduTag.getRequest:
        statistics.snmpInGetRequests++
        break
      case pduTag.getNextRequest:
        statistics.snmpInGetNexts++
        break
      case pduTag.setRequest:
        statistics.snmpInSetRequests++
        this.#set(exchange, request, view)
        return
      case pduTag.getBulkRequest:
        if (!isV1) break
        statistics.snmpUnknownPDUHandlers++
        return
      default:
        statistics.snmpUnknownPDUHandlers++
        return
    }
    if (!(view instanceof View)) {
      this.#refuse(exchange, request, view)
      return
    }
    const isBulk = request.pduTag === pduTag.getBulkRequest
    const isFrameDue = isBulk && !isLoopbackAddress(exchange.remote.address)
    const limit = exchange.limitWithin(isFrameDue ? remoteBulkOctets : this.maxMessageSize)
    const out = this.#out
    const message = exchange.open(out)
    const response = openResponse(out, request.requestId)
    const rules = { view, isV1, limit }
    let outcome: ReadFailure | Unfinished | undefined
    try {
      outcome = read(this.registry, request, rules, out)
    } catch (error) {
      this.log.error('bug while reading', { remote: exchange.remote, error })
      outcome = { status: 'genErr', position: 1 }
    }
    if (outcome) {
      if ('status' in outcome) this.#sendError(exchange, request, outcome)
      else this.#finish(outcome, exchange, request, rules)
      return
    }
    statistics.snmpInTotalReqVars += request.count
    closeResponse(out, response)
    out.close(message)
    this.#send(exchange)
  }

  /** A part of the answer comes from elsewhere: the request is kept, and answered when all is there. */
  #finish(unfinished: Unfinished, exchange: Exchange, request: Request, rules: ReadRules): void {
    const kept = request.keep()
    const release = this.#remoteReads < remoteReadsAtMost ? this.#hold(kept, exchange.remote) : undefined
    if (!release) {
      this.#sendError(exchange, kept, { status: 'resourceUnavailable', position: 0 })
      return
    }
    this.#remoteReads++
    const isBulk = request.pduTag === pduTag.getBulkRequest
    const answerWith = (answer: RemoteAnswer): void => {
      this.#remoteReads--
      release()
      try {
        this.#answerRemote(exchange, kept, rules, isBulk, answer)
      } catch (error) {
        this.log.error('bug while answering', { remote: exchange.remote, error })
      }
    }
    // One promise for a request, of which there may be tens of thousands a second.
    unfinished.finish().then(answerWith, (error: unknown) => {
      this.log.error('bug while reading', { remote: exchange.remote, error })
      answerWith({ status: 'genErr', position: 1 })
    })
  }

  /** Gives what releases it again; undefined when there is no room for a request to wait. */
  #hold({ bytes, count }: AnsweredRequest, { address }: Remote): (() => void) | undefined {
    const octets = bytes.length + count * octetsOfVarbind
    const source = sourceNetwork(address)
    const site = sourceSite(source)
    return this.#requests.take(octets, source, site) ? () => this.#requests.give(octets, source, site) : undefined
  }

  #answerRemote(
    exchange: Exchange,
    kept: AnsweredRequest,
    { limit }: ReadRules,
    isBulk: boolean,
    answer: RemoteAnswer,
  ): void {
    if ('status' in answer) {
      this.#sendError(exchange, kept, answer)
      return
    }
    const out = this.#out
    const message = exchange.open(out)
    const response = openResponse(out, kept.requestId)
    for (const varbind of answer) {
      if (out.position + varbind.length <= limit) out.raw(varbind)
      else if (isBulk) break
      else {
        this.#sendError(exchange, kept, { status: 'tooBig', position: 0 })
        return
      }
    }
    this.statistics.snmpInTotalReqVars += kept.count
    closeResponse(out, response)
    out.close(message)
    this.#send(exchange)
  }

  #set(exchange: Exchange, request: Request, view: AccessResult): void {
    const varbinds = request.varbinds(this.#reader)
    const { principal: requester, remote } = exchange
    const refused = (status: SetRecord['status'], reason: string): void =>
      this.#options.onSet?.({ requester, remote, varbinds, before: [], status, reason })
    if (!(view instanceof View)) {
      if (exchange instanceof CommunityExchange) this.statistics.snmpInBadCommunityUses++
      if (view === 'noSuchContext') refused('snmpUnknownContexts', `there is no context ${requester.contextName}`)
      else refused('authorizationError', `no write view: ${view}`)
      this.#refuse(exchange, request, view)
      return
    }
    // The answer may be some time away, and the request's arrays belong to the next datagram by then.
    const kept = request.keep()
    const release = this.#sets.length < setsWaitingAtMost ? this.#hold(kept, remote) : undefined
    if (!release) {
      refused('resourceUnavailable', tooMuchWaits)
      this.#sendError(exchange, kept, { status: 'resourceUnavailable', position: 0 })
      return
    }
    const set = this.#sets.run(varbinds, view, requester).finally(release)
    const answered = set.then(
      ({ failure, before }) => {
        this.#options.onSet?.({ requester, remote, varbinds, before, status: failure?.status ?? 'noError' })
        if (!failure) this.statistics.snmpInTotalSetVars += varbinds.length
        this.#sendError(exchange, kept, failure ?? { status: 'noError', position: 0 })
      },
      (error: unknown) => {
        this.log.error('bug while setting', { remote, error })
        refused('genErr', 'a bug, which the log has')
        this.#sendError(exchange, kept, { status: 'genErr', position: 1 })
      },
    )
    answered.catch((error: unknown) => this.log.error('bug while answering', { remote, error }))
  }

  /** A SET from within, after those that wait already; who asks has found the view. Undefined when it is done. */
  async setLocally(varbinds: readonly SetVarbind[], view: View, requester: Principal): Promise<SetFailure | undefined> {
    if (this.#sets.length >= setsWaitingAtMost) {
      this.refusedLocally(varbinds, requester, 'resourceUnavailable', tooMuchWaits)
      return { status: 'resourceUnavailable', position: 0 }
    }
    try {
      const { failure, before } = await this.#sets.run(varbinds, view, requester)
      this.#options.onSet?.({ requester, remote: undefined, varbinds, before, status: failure?.status ?? 'noError' })
      return failure
    } catch (error) {
      this.log.error('bug while setting', { requester: requester.securityName, error })
      this.refusedLocally(varbinds, requester, 'genErr', 'a bug, which the log has')
      return { status: 'genErr', position: 1 }
    }
  }

  /** Records a SET from within that came to nothing before anything was tried. */
  refusedLocally(varbinds: readonly SetVarbind[], requester: Principal, status: ErrorStatus, reason: string): void {
    this.#options.onSet?.({ requester, remote: undefined, varbinds, before: [], status, reason })
  }

  /** RFC 3413 §3.2: no view at all for this principal. */
  #refuse(exchange: Exchange, request: Request, result: Exclude<AccessResult, View>): void {
    if (result === 'noSuchContext') {
      exchange.reportUnknownContext(request.requestId)
      return
    }
    // RFC 1157 §4.1.5: version 1 has noSuchName for it, which always is the error of one variable.
    const position = exchange.isV1 && request.count > 0 ? 1 : 0
    this.#sendError(exchange, request, { status: 'authorizationError', position })
  }

  #sendError(exchange: Exchange, request: AnsweredRequest, { status, position }: ReadFailure): void {
    const { isV1 } = exchange
    const out = this.#out
    if (status === 'tooBig') this.statistics.snmpOutTooBigs++
    const message = exchange.open(out)
    // RFC 3416 §4.2.1: tooBig carries no varbinds; RFC 1157 §4.1.2 echoes them even then.
    writeErrorResponse(out, request, isV1 ? toV1ErrorStatus(status) : status, position, isV1 || status !== 'tooBig')
    out.close(message)
    if (out.position > exchange.limitWithin(this.maxMessageSize)) this.statistics.snmpSilentDrops++
    else this.#send(exchange)
  }

  #send(exchange: Exchange): void {
    this.statistics.snmpOutPkts++
    this.statistics.snmpOutGetResponses++
    const sealed = exchange.seal(this.#out)
    const isKept = exchange.transport.send(sealed.bytes, 0, sealed.position, exchange.remote)
    if (!isKept) return
    if (sealed === this.#out) this.#out = new BerWriter()
    else sealed.bytes = Buffer.allocUnsafeSlow(sealed.bytes.length)
  }
}

/** Which of the principal's views decides. */
function accessOf({ pduTag: type }: Request): keyof Rights {
  return type === pduTag.setRequest ? 'write' : 'read'
}
