/** A notification receiver (RFC 3413 §3.4): traps of all versions, and informs, which it acknowledges. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { DecodeError } from '../../lib/ber/decode-error.ts'
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import { canBeAnswered } from '../../lib/net/address.ts'
import type { SecurityLevel } from '../../lib/smi/principal.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { EngineIdentity } from '../engine/engine-identity.ts'
import { Statistics } from '../engine/statistics.ts'
import { type CommunityVersion, decodeCommunityMessage, encodeCommunityMessage } from '../message/community-message.ts'
import { messageVersion, type Pdu, readPdu, writePdu } from '../message/pdu.ts'
import { decodeV3, type IncomingV3 } from '../message/v3-message.ts'
import { UsmPeer } from '../security/usm/peer.ts'
import { Usm } from '../security/usm/usm.ts'
import type { Remote, Transport } from '../transport/udp.ts'
import { V3Messages } from '../v3-processing.ts'
import { type Credentials, keyMaker, levelOf } from './credentials.ts'

export interface ReceivedMessage {
  readonly version: CommunityVersion | 'v3'
  /** The community, or the user. */
  readonly securityName: string
  readonly level: SecurityLevel
  readonly pdu: Pdu
}

export interface V3Receiving {
  /** Of the receiver itself: of informs it is the authoritative engine (RFC 3412 §3.1.1). */
  readonly identity: EngineIdentity
  readonly users: readonly Credentials[]
}

/** Senders whose time is remembered. */
const sendersAtMost = 256
const maxMessageSize = 65_507

export class NotificationReceiver {
  readonly #socket: Socket
  readonly #v3: V3Receiver | undefined
  #isStopped = false
  onNotification: (message: ReceivedMessage, remote: Remote) => void = () => {}
  /** Called for what cannot be decoded. */
  onUnreadable: (error: DecodeError, octets: number, remote: Remote) => void = () => {}

  constructor({ host = '127.0.0.1', v3 }: { readonly host?: string; readonly v3?: V3Receiving } = {}) {
    this.#socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', ipv6Only: isIPv6(host) })
    this.#v3 = v3 && new V3Receiver(v3)
  }

  /** Gives the port bound, for those that asked for port 0. */
  async start(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind({ address: host, port }, () => {
        this.#socket.off('error', reject)
        resolve()
      })
    })
    this.#socket.on('error', () => {}) // an acknowledgement that could not be sent is one that was lost
    this.#socket.on('message', (bytes, remote) => {
      if (canBeAnswered(remote)) this.#receive(bytes, remote)
    })
    return this.#socket.address().port
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#socket.close()
  }

  #receive(bytes: Uint8Array, remote: Remote): void {
    try {
      const message =
        versionOf(bytes) === messageVersion.v3 ? this.#receiveV3(bytes, remote) : this.#take(bytes, remote)
      if (message) this.onNotification(message, remote)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.onUnreadable(error, bytes.length, remote)
    }
  }

  #take(bytes: Uint8Array, remote: Remote): ReceivedMessage | undefined {
    const message = decodeCommunityMessage(bytes, { isLenient: true })
    const { version, community, type, requestId, varbinds } = message
    if (type === 'informRequest' && version === 'v2c') {
      // RFC 3416 §4.2.7: answered with itself.
      const answer = encodeCommunityMessage(version, Buffer.from(community, 'latin1'), (out) =>
        writePdu(out, 'response', requestId, varbinds),
      )
      this.#socket.send(answer, remote.port, remote.address, () => {})
    } else if (type !== (version === 'v1' ? 'trapV1' : 'trapV2')) return undefined
    return { version, securityName: community, level: 'noAuthNoPriv', pdu: message }
  }

  #receiveV3(bytes: Uint8Array, remote: Remote): ReceivedMessage | undefined {
    const transport: Transport = {
      send: (octets, from, to) => {
        this.#socket.send(Uint8Array.from(octets.subarray(from, to)), remote.port, remote.address, () => {})
        return false
      },
    }
    return this.#v3?.receive(bytes, remote, transport)
  }
}

class V3Receiver {
  readonly #engineId: Uint8Array
  readonly #messages: V3Messages
  readonly #users: ReadonlyMap<string, { keysFor: ReturnType<typeof keyMaker>; credentials: Credentials }>
  readonly #senders = new Map<string, UsmPeer>()

  constructor({ identity, users }: V3Receiving) {
    this.#engineId = identity.engineId
    this.#users = new Map(
      users.map((credentials) => [credentials.userName, { keysFor: keyMaker(credentials), credentials }]),
    )
    const usm = new Usm(identity)
    usm.configure([...this.#users.values()].map(({ keysFor }) => ({ ...keysFor(identity.engineId), engineId: own })))
    this.#messages = new V3Messages(usm, new Statistics(), maxMessageSize, 'any')
  }

  receive(bytes: Uint8Array, remote: Remote, transport: Transport): ReceivedMessage | undefined {
    const message = decodeV3(bytes)
    if (typeof message === 'string') return undefined
    const { level, isReportable } = message.header
    const { engineId, userName } = message.parameters
    // An inform wants a report (RFC 3412 §6.4), also one for the engine that was here before this one (RFC 3414 §3.2 step 3b).
    const isOurs = isReportable || engineId.length === 0 || Buffer.compare(engineId, this.#engineId) === 0
    const pdu = isOurs ? this.#receiveInform(message, remote, transport) : this.#receiveTrap(message)
    const due = isOurs ? 'informRequest' : 'trapV2'
    // What could have been signed or encrypted and was not, is not believed.
    const user = this.#users.get(userName)
    if (pdu?.type !== due || !user || level !== levelOf(user.credentials)) return undefined
    return { version: 'v3', securityName: userName, level, pdu }
  }

  /** Reports where one is due, which is how senders find out our engineID and time; acknowledges an inform. */
  #receiveInform(message: IncomingV3, remote: Remote, transport: Transport): Pdu | undefined {
    const reader = new BerReader()
    const exchange = this.#messages.receive(message, reader, transport, remote)
    if (!exchange) return undefined
    const pdu = readPdu(reader)
    if (pdu.type !== 'informRequest') return undefined
    const out = new BerWriter(1500)
    const scoped = exchange.open(out)
    writePdu(out, 'response', pdu.requestId, pdu.varbinds)
    out.close(scoped)
    const sealed = exchange.seal(out)
    transport.send(sealed.bytes, 0, sealed.position, remote)
    return pdu
  }

  /** A sender is remembered once it has authenticated a message: strangers cannot put anybody out of memory. */
  #receiveTrap(message: IncomingV3): Pdu | undefined {
    const { engineId, userName } = message.parameters
    const user = this.#users.get(userName)
    if (!user || engineId.length < 5 || engineId.length > 32) return undefined
    const key = `${Buffer.from(engineId).toString('hex')} ${userName}`
    const known = this.#senders.get(key)
    if (known) return known.open(message)?.pdu
    const keys = user.keysFor(engineId)
    const level = levelOf(user.credentials)
    const peer = new UsmPeer({ clock: systemClock, userName, level, keysFor: () => keys })
    const opened = peer.open(message)
    if (!opened || opened.level === 'noAuthNoPriv') return opened?.pdu
    if (this.#senders.size >= sendersAtMost) this.#senders.delete(this.#senders.keys().next().value ?? '')
    this.#senders.set(key, peer)
    return opened.pdu
  }
}

/** Usm keeps users of its own engine without an engineID. */
const own = new Uint8Array(0)

function versionOf(bytes: Uint8Array): number {
  const reader = new BerReader().reset(bytes)
  reader.enter(tag.sequence)
  return reader.integer32()
}
