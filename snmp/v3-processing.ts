/** SNMPv3 in the engine: RFC 3412 §7.2 for what comes in, Reports for what cannot be taken, §7.1 for answers. */

import { BerReader } from '../lib/ber/reader.ts'
import { BerWriter } from '../lib/ber/writer.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { Principal, SecurityLevel } from '../lib/smi/principal.ts'
import type { SetVarbind } from '../lib/smi/value.ts'
import type { Statistics } from './engine/statistics.ts'
import type { Exchange } from './exchange.ts'
import { pduTag, writePdu } from './message/pdu.ts'
import { headOfScopedPdu, type PduHead, readPduHead } from './message/pdu-head.ts'
import { Request } from './message/request.ts'
import { openScopedPdu, readContext } from './message/scoped-pdu.ts'
import type { IncomingV3, UnreadV3, UsmParameters } from './message/v3-message.ts'
import { roomForScopedPdu } from './message/v3-size.ts'
import { blockLengthOf, saltLength } from './security/usm/privacy.ts'
import { digestLengthOf, type Protection, protectionOf, seal } from './security/usm/protection.ts'
import { type Incoming, type Usm, type UsmCounter, usmCounters } from './security/usm/usm.ts'
import type { Remote, Transport } from './transport/udp.ts'

const usmStats = [1, 3, 6, 1, 6, 3, 15, 1, 1]
const snmpUnknownContexts = [1, 3, 6, 1, 6, 3, 12, 1, 5, 0]
const snmpUnknownPDUHandlers = [1, 3, 6, 1, 6, 3, 11, 2, 1, 3, 0]
/** RFC 5343 §3: the contextEngineID that names whichever engine it is sent to. */
const localEngineId = Uint8Array.of(0x80, 0, 0, 0, 6)
/** The types of PDU that the command responder is registered for (RFC 3413 §3.2). */
const responderPdus = new Set<number>([
  pduTag.getRequest,
  pduTag.getNextRequest,
  pduTag.getBulkRequest,
  pduTag.setRequest,
])
/** An answer leaves so much later at most, and msgAuthoritativeEngineTime may be an octet longer by then. */
const answeredWithinSeconds = 60

interface ReportObject {
  readonly oid: Oid
  readonly count: number
}

/** What somebody else may want to know of messages that come to nothing. */
export interface V3Events {
  /** RFC 3414 §3.2: by which counter, and as whom it came; not of those that a manager learns the engine and its time by. */
  notAuthentic?(refusal: UsmCounter, userName: string, remote: Remote): void
  /** A SET of a user who is who they say, for an engine that is not this one: it is reported as snmpUnknownPDUHandlers. */
  setForOtherEngine?(principal: Principal, varbinds: readonly SetVarbind[], remote: Remote): void
}

/** To whom an answer or a report goes, and how it is protected. */
interface Recipient {
  readonly msgId: number
  readonly userName: string
  readonly protection: Protection
  readonly transport: Transport
  readonly remote: Remote
}

export class V3Messages {
  readonly #usm: Usm
  readonly #statistics: Statistics
  readonly #maxMessageSize: number
  readonly #sealed = new BerWriter()
  readonly #contexts: 'own' | 'any'
  readonly #events: V3Events

  /**
   * RFC 3412 §3.2.2: a responder is registered for its own engine's contexts; a receiver of notifications takes those of
   * every engine.
   */
  constructor(
    usm: Usm,
    statistics: Statistics,
    maxMessageSize: number,
    contexts: 'own' | 'any' = 'own',
    events: V3Events = {},
  ) {
    this.#events = events
    this.#contexts = contexts
    this.#usm = usm
    this.#statistics = statistics
    this.#maxMessageSize = maxMessageSize
  }

  /**
   * Takes a message that has been read. The reader stands at its PDU when an exchange is given; otherwise the message is
   * done with: counted, and reported where a report is due.
   */
  receive(
    message: IncomingV3 | UnreadV3,
    reader: BerReader,
    transport: Transport,
    remote: Remote,
  ): Exchange | undefined {
    if (typeof message === 'string') {
      this.#statistics[message]++
      return undefined
    }
    const { header } = message
    const incoming = this.#usm.receive(message)
    if ('refusal' in incoming) {
      this.#refuse(message, incoming, transport, remote)
      return undefined
    }
    const { user, protection, scopedPdu } = incoming
    const { contextEngineId, contextName } = readContext(reader, scopedPdu, header.level === 'authPriv')
    const principal: Principal = {
      securityModel: 'usm',
      securityName: user.name,
      securityLevel: header.level,
      contextName,
    }
    const recipient: Recipient = { msgId: header.msgId, userName: user.name, protection, transport, remote }
    if (this.#contexts === 'own' && !(this.#isOwn(contextEngineId) && responderPdus.has(reader.peekTag()))) {
      const count = ++this.#statistics.snmpUnknownPDUHandlers
      if (reader.peekTag() === pduTag.setRequest)
        this.#events.setForOtherEngine?.(principal, varbindsAt(reader), remote)
      const { isConfirmed, requestId } = readPduHead(reader)
      if (isConfirmed) this.#report(recipient, requestId, { oid: snmpUnknownPDUHandlers, count })
      return undefined
    }
    const most = Math.min(header.msgMaxSize, this.#maxMessageSize)
    return {
      transport,
      remote,
      isV1: false,
      principal,
      limitWithin: (octets) => this.#roomFor(recipient, Math.min(octets, most)),
      open: (out) => openScopedPdu(out, contextEngineId, contextName),
      seal: (out) => this.#seal(recipient, out.written()),
      reportUnknownContext: (requestId) => {
        const count = ++this.#statistics.snmpUnknownContexts
        this.#report(recipient, requestId, { oid: snmpUnknownContexts, count })
      },
    }
  }

  /**
   * RFC 3414 §3.2: counts and reports what USM does not take. RFC 3412 §7.1.3: a Report answers a PDU of the Confirmed Class,
   * with its request-id; where the PDU cannot be read, the sender's reportableFlag decides (§6.4), and the request-id is 0.
   */
  #refuse(
    { header, parameters, data }: IncomingV3,
    { refusal, userName, protection }: Extract<Incoming, { refusal: unknown }>,
    transport: Transport,
    remote: Remote,
  ): void {
    if (!isDiscovery(refusal, parameters)) this.#events.notAuthentic?.(refusal, parameters.userName, remote)
    const head: PduHead | undefined = header.level === 'authPriv' ? undefined : headOfScopedPdu(data)
    if (!(head ? head.isConfirmed : header.isReportable)) return
    const object = { oid: [...usmStats, usmCounters[refusal], 0], count: this.#usm.stats[refusal] }
    this.#report({ msgId: header.msgId, userName, protection, transport, remote }, head?.requestId ?? 0, object)
  }

  /**
   * A notification in a message of our own (RFC 3412 §7.1): of a trap this engine is the authoritative one. Undefined
   * when there is no such user, or its keys do not reach this level.
   */
  encodeNotification(
    userName: string,
    level: SecurityLevel,
    msgId: number,
    write: (out: BerWriter) => void,
  ): Uint8Array | undefined {
    const user = this.#usm.find(userName)
    const protection = user && protectionOf(user, level)
    if (!protection) return undefined
    const scoped = new BerWriter(1500)
    const sequence = openScopedPdu(scoped, this.#usm.identity.engineId, '')
    write(scoped)
    scoped.close(sequence)
    return this.#seal({ msgId, userName, protection }, scoped.written()).take()
  }

  #seal({ msgId, userName, protection }: Pick<Recipient, 'msgId' | 'userName' | 'protection'>, scopedPdu: Uint8Array) {
    const { identity } = this.#usm
    const { engineId, boots } = identity
    const envelope = { msgId, msgMaxSize: this.#maxMessageSize, engineId, boots, time: identity.time(), userName }
    return seal(this.#sealed, envelope, protection, scopedPdu)
  }

  /** Octets that the scoped PDU of an answer may have in a message of so many. */
  #roomFor({ msgId, userName, protection }: Recipient, octets: number): number {
    const { identity } = this.#usm
    const isEncrypted = protection.level === 'authPriv'
    const envelope = {
      msgId,
      msgMaxSize: this.#maxMessageSize,
      boots: identity.boots,
      time: identity.time() + answeredWithinSeconds,
      engineIdLength: identity.engineId.length,
      userNameLength: Buffer.byteLength(userName),
      digestLength: digestLengthOf(protection),
      privParametersLength: isEncrypted ? saltLength : 0,
      blockLength: isEncrypted ? blockLengthOf(protection.priv.protocol) : 0,
    }
    return roomForScopedPdu(envelope, octets)
  }

  #isOwn(contextEngineId: Uint8Array): boolean {
    const { engineId } = this.#usm.identity
    return Buffer.compare(contextEngineId, engineId) === 0 || Buffer.compare(contextEngineId, localEngineId) === 0
  }

  #report(recipient: Recipient, requestId: number, { oid, count }: ReportObject): void {
    const scoped = new BerWriter(512)
    const sequence = openScopedPdu(scoped, this.#usm.identity.engineId, '')
    writePdu(scoped, 'report', requestId, [{ name: oid, value: { type: 'Counter32', value: count >>> 0 } }])
    scoped.close(sequence)
    const out = this.#seal(recipient, scoped.written())
    this.#statistics.snmpOutPkts++
    // A report is rare, and its octets are copied so that none that waits is written over.
    recipient.transport.send(out.take(), 0, out.position, recipient.remote)
  }
}

/** RFC 3414 §4: how a manager learns the engineID, and then its boots and time, which it gives as zero. */
function isDiscovery(refusal: UsmCounter, { boots, time }: UsmParameters): boolean {
  return refusal === 'usmStatsUnknownEngineIDs' || (refusal === 'usmStatsNotInTimeWindows' && boots === 0 && time === 0)
}

/** The varbinds of the PDU that the reader stands at, and goes on standing at. */
function varbindsAt(reader: BerReader): SetVarbind[] {
  const { position, limit, bytes } = reader
  const request = new Request()
  request.readPdu(reader)
  const varbinds = request.varbinds(new BerReader())
  reader.reset(bytes, position, limit)
  return varbinds
}
