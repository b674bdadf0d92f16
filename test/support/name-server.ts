/** A name server of a test's own on loopback, over UDP and TCP: it answers what the test says, lies included. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import dnsPacket, { type Answer, type Packet, type Question } from 'dns-packet'
import type { NameServer } from '../../sipd/dns/exchange.ts'
import { freePorts } from './sip-ports.ts'

/** What it says: records, a whole packet that takes the place of the usual one, raw octets, or nothing. */
export type Said = readonly Answer[] | Partial<Packet> | Buffer | undefined

export interface Asking extends Question {
  readonly over: 'UDP' | 'TCP'
  readonly id: number
  /** The port that it was asked from. */
  readonly port: number
}

export interface TestNameServer {
  readonly address: NameServer
  /** All questions, the oldest first. */
  readonly asked: readonly Asking[]
  close(): void
}

export async function nameServer(answer: (question: Asking) => Said): Promise<TestNameServer> {
  const asked: Asking[] = []
  const respond = (octets: Buffer, over: Asking['over'], port: number): Buffer | undefined => {
    const packet = dnsPacket.decode(octets)
    const [question] = packet.questions ?? []
    if (!question) return undefined
    const asking = { ...question, over, id: packet.id ?? 0, port }
    asked.push(asking)
    const said = answer(asking)
    if (said === undefined || Buffer.isBuffer(said)) return said
    const usual: Packet = {
      type: 'response',
      id: asking.id,
      flags: dnsPacket.RECURSION_AVAILABLE,
      questions: [question],
    }
    return dnsPacket.encode(Array.isArray(said) ? { ...usual, answers: [...said] } : { ...usual, ...said })
  }
  const udp = createSocket('udp4')
  udp.on('message', (octets, { port, address }) => {
    const response = respond(octets, 'UDP', port)
    if (response) udp.send(response, port, address)
  })
  const port = await freePorts(1)
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (octets) => {
      const response = respond(octets.subarray(2), 'TCP', socket.remotePort ?? 0)
      if (!response) return
      const length = Buffer.alloc(2)
      length.writeUInt16BE(response.length)
      socket.write(Buffer.concat([length, response]))
    })
  })
  tcp.listen(port, '127.0.0.1')
  await once(tcp, 'listening')
  return {
    address: { address: '127.0.0.1', port },
    asked,
    close: () => {
      udp.close()
      tcp.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
