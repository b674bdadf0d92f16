/** Records signed and encrypted requests for replay.c, and checks that the agent answers each as it should. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { parseOid } from '../../lib/smi/oid.ts'
import { nullValue } from '../../lib/smi/value.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { type Credentials, keyMaker } from '../../snmp/manager/credentials.ts'
import { writePdu } from '../../snmp/message/pdu.ts'
import { type PeerMessage, UsmPeer } from '../../snmp/security/usm/peer.ts'
import { authProtocols, privProtocols } from '../../snmp/security/usm/protocols.ts'

/** SHA and AES-128: what both agents are asked with. */
export const benchUser: Credentials = {
  userName: 'bench',
  auth: { protocol: authProtocols[1]!, passphrase: 'authpass123' },
  priv: { protocol: privProtocols[1]!, passphrase: 'privpass123' },
}

export interface Recording {
  readonly port: number
  readonly path: string
  readonly type: 'getRequest' | 'getBulkRequest'
  /** One message for each of these. */
  readonly oids: readonly string[]
  readonly maxRepetitions: number
}

/** Gives the varbinds that one answer has. */
export async function record({ port, path, type, oids, maxRepetitions }: Recording): Promise<number> {
  const socket = createSocket('udp4')
  const keysFor = keyMaker(benchUser)
  const peer = new UsmPeer({ clock: systemClock, userName: 'bench', level: 'authPriv', keysFor })
  const encode = (msgId: number, name: string): Uint8Array =>
    peer.encode(
      msgId,
      (out) => writePdu(out, type, msgId, [{ name: parseOid(name)!, value: nullValue }], 0, maxRepetitions),
      true,
    )!
  const ask = (bytes: Uint8Array): Promise<PeerMessage> => exchange(socket, port, peer, bytes)
  peer.learnEngine((await ask(encode(1, oids[0]!))).engineId)
  await ask(encode(2, oids[0]!)) // its time, by a report
  const parts: Uint8Array[] = []
  let varbinds = 0
  for (const [i, name] of oids.entries()) {
    const msgId = 100 + i
    const bytes = encode(msgId, name)
    const { pdu } = await ask(bytes)
    if (pdu.type !== 'response' || pdu.errorStatus !== 0)
      throw new Error(`port ${port}: ${pdu.type} ${pdu.errorStatus} to ${name}`)
    varbinds = pdu.varbinds.length
    const head = Buffer.alloc(6)
    head.writeUInt16BE(bytes.length, 0)
    head.writeUInt32BE(msgId, 2)
    parts.push(head, bytes)
  }
  writeFileSync(path, Buffer.concat(parts))
  socket.close()
  return varbinds
}

async function exchange(socket: Socket, port: number, peer: UsmPeer, bytes: Uint8Array): Promise<PeerMessage> {
  socket.send(bytes, port, '127.0.0.1')
  const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer]
  const message = peer.decode(answer)
  if (!message) throw new Error(`port ${port}: an answer is not genuine`)
  return message
}
