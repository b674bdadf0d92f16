/** SNMPv3 in the engine: RFC 3412 §7.2 for what comes in, Reports for what cannot be taken, §7.1 for answers. */
import type { BerReader } from '../lib/ber/reader.ts'
import { tag } from '../lib/ber/tags.ts'
import { BerWriter } from '../lib/ber/writer.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { AccessResult, SecurityLevel, Vacm } from './access/vacm.ts'
import type { Exchange } from './exchange.ts'
import { pduTag, writePdu } from './message/pdu.ts'
import {
  readHeader,
  readScopedData,
  readUsmParameters,
  usmSecurityModel,
  type V3Header,
  writeV3,
} from './message/v3-message.ts'
import { type Usm, type UsmUser, usmCounters } from './security/usm/usm.ts'
import type { Statistics } from './statistics.ts'
import type { Remote, Transport } from './transport/udp.ts'

const usmStats = [1, 3, 6, 1, 6, 3, 15, 1, 1]
const snmpUnknownContexts = [1, 3, 6, 1, 6, 3, 12, 1, 5, 0]
/** Octets that header, security parameters and padding take at most, over the scoped PDU. */
const envelopeOctets = 256

interface ReportObject {
  readonly oid: Oid
  readonly count: number
}

export class V3Messages {
  readonly #usm: Usm
  readonly #statistics: Statistics
  readonly #maxMessageSize: number
  readonly #sealed = new BerWriter()
  readonly #contexts: 'own' | 'any'
  #vacm: Vacm | undefined

  /**
   * RFC 3412 §3.2.2: a responder is registered for its own engine's contexts; a receiver of notifications takes those of
   * every engine.
   */
  constructor(usm: Usm, statistics: Statistics, maxMessageSize: number, contexts: 'own' | 'any' = 'own') {
    this.#contexts = contexts
    this.#usm = usm
    this.#statistics = statistics
    this.#maxMessageSize = maxMessageSize
  }

  configure(vacm: Vacm): void {
    this.#vacm = vacm
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
      const object = { oid: [...usmStats, usmCounters[incoming.refusal], 0], count: this.#usm.stats[incoming.refusal] }
      // RFC 3414 §3.2 step 7: the report of a wrong time is authenticated, for clocks are set by it.
      this.#report(header, object, incoming.user, incoming.user ? 'authNoPriv' : 'noAuthNoPriv', transport, remote)
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
    if (this.#contexts === 'own' && Buffer.compare(contextEngineId, this.#usm.identity.engineId) !== 0) {
      statistics.snmpUnknownPDUHandlers++
      return undefined
    }
    const principal = {
      securityModel: 'usm',
      securityName: incoming.user.name,
      securityLevel: header.level,
      contextName,
    } as const
    const viewFor = (viewType: 'read' | 'write'): AccessResult =>
      this.#vacm?.viewFor(principal, viewType) ?? 'noAccessEntry'
    const read = viewFor('read')
    if (read === 'noSuchContext') {
      this.#statistics.snmpUnknownContexts++
      const isConfirmed = pduType !== pduTag.response && pduType !== pduTag.trapV2 && pduType !== pduTag.report
      const object = { oid: snmpUnknownContexts, count: this.#statistics.snmpUnknownContexts }
      this.#report({ ...header, isReportable: isConfirmed }, object, incoming.user, header.level, transport, remote)
      return undefined
    }
    return {
      transport,
      remote,
      isV1: false,
      requester: principal,
      read,
      write: viewFor('write'),
      limit: Math.min(header.msgMaxSize, this.#maxMessageSize) - envelopeOctets,
      open: (out) => openScoped(out, contextEngineId, contextName),
      seal: (out) => this.#seal(header, header.level, incoming.user, out.written()),
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

  /** RFC 3412 §7.1.3: a Report goes only where the sender said that it may. */
  #report(
    header: V3Header,
    { oid, count }: ReportObject,
    user: UsmUser | undefined,
    level: SecurityLevel,
    transport: Transport,
    remote: Remote,
  ): void {
    if (!header.isReportable) return
    const scoped = new BerWriter(512)
    const sequence = openScoped(scoped, this.#usm.identity.engineId, '')
    writePdu(scoped, 'report', 0, [{ name: oid, value: { type: 'Counter32', value: count >>> 0 } }])
    scoped.close(sequence)
    const out = this.#seal(header, level, user, scoped.written())
    this.#statistics.snmpOutPkts++
    // A report is rare, and its octets are copied so that none that waits is written over.
    transport.send(out.take(), 0, out.position, remote)
  }
}

function openScoped(out: BerWriter, contextEngineId: Uint8Array, contextName: string): number {
  out.position = 0
  const scoped = out.open(tag.sequence)
  out.octets(contextEngineId)
  out.octets(Buffer.from(contextName))
  return scoped
}
