/** A notification receiver (RFC 3413 §3.4): traps of both versions, and informs, which it acknowledges. */
import { createSocket, type Socket } from 'node:dgram'
import { pduTag } from '../message/pdu.ts'
import type { Remote } from '../transport/udp.ts'
import { decodeMessage, encodeAcknowledgement, type IncomingMessage } from './messages.ts'

export class NotificationReceiver {
  readonly #socket: Socket
  onNotification: (message: IncomingMessage, remote: Remote) => void = () => {}

  constructor() {
    this.#socket = createSocket('udp4')
  }

  /** Gives the port bound, for those that asked for port 0. */
  async start(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind({ address: host, port }, resolve)
    })
    this.#socket.on('message', (bytes, remote) => {
      let message: IncomingMessage
      try {
        message = decodeMessage(bytes)
      } catch {
        return
      }
      if (message.pduType === pduTag.informRequest) {
        this.#socket.send(encodeAcknowledgement(message), remote.port, remote.address, () => {})
      } else if (message.pduType !== pduTag.trapV2 && message.pduType !== pduTag.trapV1) return
      this.onNotification(message, remote)
    })
    return this.#socket.address().port
  }

  stop(): void {
    this.#socket.close()
  }
}
