/** SNMPv3 in the engine: RFC 3412 §7.2 for what comes in, Reports for what cannot be taken, §7.1 for answers. */

import { BerReader } from '../lib/ber/reader.ts'
import { tag } from '../lib/ber/tags.ts'
import { BerWriter } from '../lib/ber/writer.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { Principal, SecurityLevel } from '../lib/smi/principal.ts'
import type { SetVarbind } from '../lib/smi/value.ts'
import type { Exchange } from './exchange.ts'
import { pduTag, writePdu } from './message/pdu.ts'
import { headOfScopedPdu, type PduHead, readPduHead } from './message/pdu-head.ts'
import { Request } from './message/request.ts'
import {
  readHeader,
  readScopedData,
  readUsmParameters,
  type UsmParameters,
  usmSecurityModel,
  type V3Header,
  writeV3,
} from './message/v3-message.ts'
import { roomForScopedPdu } from './message/v3-size.ts'
import { blockLengthOf, saltLength } from './security/usm/privacy.ts'
import { type Usm, type UsmCounter, type UsmUser, usmCounters } from './security/usm/usm.ts'
import type { Statistics } from './statistics.ts'
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

interface Reporting {
  readonly header: V3Header
  /** Of the PDU that is reported on, where it could be read. */
  readonly head: PduHead | undefined
  readonly object: ReportObject
  readonly user: UsmUser | undefined
  readonly level: SecurityLevel
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
   * Takes a message whose version has been read. The reader stands at the PDU when an exchange is given; otherwise the
   * message is done with: counted, and reported where a report is due.
   */
  receive(reader: BerReader, parentLimit: number, transport: Transport, remote: Remote): Exchange | undefined {
    const statistics = this.#statistics
    const { bytes } = reader
    const header = readHeader(reader)
    if (!header) {
      statistics.snmpInvalidMsgs++
      return undefined
    }
    if (header.securityModel !== usmSecurityModel) {
      statistics.snmpUnknownSecurityModels++
      return undefined
    }
    const parameters = readUsmParameters(reader)
    const data = readScopedData(reader, header.level)
    reader.leave(parentLimit)
    if (reader.position !== bytes.length) reader.fail('octets follow the message')

    const incoming = this.#usm.receive(bytes, parameters, header.level, data)
    if ('refusal' in incoming) {
      if (!isDiscovery(incoming.refusal, parameters))
        this.#events.notAuthentic?.(incoming.refusal, parameters.userName, remote)
      const object = { oid: [...usmStats, usmCounters[incoming.refusal], 0], count: this.#usm.stats[incoming.refusal] }
      // RFC 3414 §3.2 step 7: the report of a wrong time is authenticated, for clocks are set by it.
      const level = incoming.user ? 'authNoPriv' : 'noAuthNoPriv'
      const head = header.level === 'authPriv' ? undefined : headOfScopedPdu(data)
      this.#report({ header, head, object, user: incoming.user, level, transport, remote })
      return undefined
    }
    // What was padded for its cipher may be longer than its sequence; all else must be used up.
    const scoped = reader.reset(incoming.scopedPdu)
    const end = scoped.header(tag.sequence)
    if (header.level !== 'authPriv' && end !== incoming.scopedPdu.length) scoped.fail('octets follow the scoped PDU')
    scoped.limit = end
    const contextEngineId = scoped.octets()
    const contextName = Buffer.from(scoped.octets()).toString('utf8')
    const pduType = scoped.peekTag()
    const { user } = incoming
    const report = (head: PduHead, object: ReportObject): void =>
      this.#report({ header, head, object, user, level: header.level, transport, remote })
    const principal = {
      securityModel: 'usm',
      securityName: user.name,
      securityLevel: header.level,
      contextName,
    } as const
    if (this.#contexts === 'own' && !(this.#isOwn(contextEngineId) && responderPdus.has(pduType))) {
      statistics.snmpUnknownPDUHandlers++
      if (pduType === pduTag.setRequest) this.#events.setForOtherEngine?.(principal, varbindsAt(scoped), remote)
      report(readPduHead(scoped), { oid: snmpUnknownPDUHandlers, count: statistics.snmpUnknownPDUHandlers })
      return undefined
    }
    return {
      transport,
      remote,
      isV1: false,
      principal,
      limitWithin: (octets) => this.#roomFor(header, user, Math.min(octets, header.msgMaxSize, this.#maxMessageSize)),
      open: (out) => openScoped(out, contextEngineId, contextName),
      seal: (out) => this.#seal(header, header.level, user, out.written()),
      reportUnknownContext: (requestId) => {
        statistics.snmpUnknownContexts++
        report({ isConfirmed: true, requestId }, { oid: snmpUnknownContexts, count: statistics.snmpUnknownContexts })
      },
    }
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
    if (!user || (level !== 'noAuthNoPriv' && !user.auth) || (level === 'authPriv' && !user.priv)) return undefined
    const scoped = new BerWriter(1500)
    const sequence = openScoped(scoped, this.#usm.identity.engineId, '')
    write(scoped)
    scoped.close(sequence)
    return this.#seal({ msgId }, level, user, scoped.written()).take()
  }

  #seal(
    header: Pick<V3Header, 'msgId'>,
    level: SecurityLevel,
    user: UsmUser | undefined,
    scopedPdu: Uint8Array,
  ): BerWriter {
    const { engineId, boots, time } = this.#usm.identity
    const encrypted = level === 'authPriv' ? this.#usm.encrypt(user!, scopedPdu) : undefined
    const out = this.#sealed
    const digestAt = writeV3(
      out,
      {
        msgId: header.msgId,
        msgMaxSize: this.#maxMessageSize,
        level,
        engineId,
        boots,
        time: time.call(this.#usm.identity),
        userName: user?.name ?? '',
        digestLength: level === 'noAuthNoPriv' ? 0 : user!.auth!.protocol.digestLength,
        privParameters: encrypted?.parameters ?? new Uint8Array(0),
      },
      encrypted?.data ?? scopedPdu,
    )
    if (level !== 'noAuthNoPriv') this.#usm.sign(user!, out.written(), digestAt)
    return out
  }

  /** Octets that the scoped PDU of an answer may have in a message of so many. */
  #roomFor({ msgId, level }: V3Header, { name, auth, priv }: UsmUser, octets: number): number {
    const { engineId, boots } = this.#usm.identity
    const isEncrypted = level === 'authPriv'
    const envelope = {
      msgId,
      msgMaxSize: this.#maxMessageSize,
      boots,
      time: this.#usm.identity.time() + answeredWithinSeconds,
      engineIdLength: engineId.length,
      userNameLength: Buffer.byteLength(name),
      digestLength: level === 'noAuthNoPriv' ? 0 : auth!.protocol.digestLength,
      privParametersLength: isEncrypted ? saltLength : 0,
      blockLength: isEncrypted ? blockLengthOf(priv!.protocol) : 0,
    }
    return roomForScopedPdu(envelope, octets)
  }

  #isOwn(contextEngineId: Uint8Array): boolean {
    const { engineId } = this.#usm.identity
    return Buffer.compare(contextEngineId, engineId) === 0 || Buffer.compare(contextEngineId, localEngineId) === 0
  }

  /**
   * RFC 3412 §7.1.3: a Report answers a PDU of the Confirmed Class, with its request-id. Where the PDU cannot be read,
   * the sender's reportableFlag decides (§6.4), and the request-id is 0.
   */
  #report({ header, head, object, user, level, transport, remote }: Reporting): void {
    if (!(head ? head.isConfirmed : header.isReportable)) return
    const scoped = new BerWriter(512)
    const sequence = openScoped(scoped, this.#usm.identity.engineId, '')
    const value = { type: 'Counter32', value: object.count >>> 0 } as const
    writePdu(scoped, 'report', head?.requestId ?? 0, [{ name: object.oid, value }])
    scoped.close(sequence)
    const out = this.#seal(header, level, user, scoped.written())
    this.#statistics.snmpOutPkts++
    // A report is rare, and its octets are copied so that none that waits is written over.
    transport.send(out.take(), 0, out.position, remote)
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

function openScoped(out: BerWriter, contextEngineId: Uint8Array, contextName: string): number {
  out.position = 0
  const scoped = out.open(tag.sequence)
  out.octets(contextEngineId)
  out.octets(Buffer.from(contextName))
  return scoped
}
