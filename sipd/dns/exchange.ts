/** One question to one name server: over UDP, and over TCP where the answer does not fit or cannot be trusted. */
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { hostAndPort } from '../../lib/net/address.ts'
import type { Clock } from '../../lib/time/clock.ts'
import {
  type DnsResponse,
  encodeQuestion,
  largestResponse,
  newQuestion,
  type Question,
  type RecordType,
  readResponse,
} from './message.ts'

export interface NameServer {
  readonly address: string
  readonly port: number
}

/** Asks for records of a name; throws when the server does not answer in this time. */
export type Exchange = (server: NameServer, name: string, type: RecordType, withinMs: number) => Promise<DnsResponse>

/** How one way of asking ends. */
interface Ending {
  answered(response: DnsResponse): void
  failed(error: Error): void
}

type Way = (server: NameServer, question: Question, octets: Buffer, ending: Ending) => () => void

export function exchangeOn(clock: Clock): Exchange {
  return async (server, name, type, withinMs) => {
    const untilMs = clock.monotonicMs() + withinMs
    const ask = (way: Way, hasExtensions: boolean): Promise<DnsResponse> => {
      const question = newQuestion(name, type)
      const octets = encodeQuestion(question, hasExtensions)
      const leftMs = Math.max(0, untilMs - clock.monotonicMs())
      return new Promise((resolve, reject) => {
        const end = (act: () => void): void => {
          timer.cancel()
          close()
          act()
        }
        const close = way(server, question, octets, {
          answered: (response) => end(() => resolve(response)),
          failed: (cause) => end(() => reject(new Error(`${textOf(server)}: ${cause.message}`, { cause }))),
        })
        const timer = clock.after(leftMs, () =>
          end(() => reject(new Error(`${textOf(server)}: no answer within ${withinMs} ms`))),
        )
      })
    }
    const first = await ask(overUdp, true)
    // RFC 6891 §7: a server that does not know EDNS.
    const response = first.code === 'FORMERR' || first.code === 'NOTIMP' ? await ask(overUdp, false) : first
    // A forger that guessed port and id has not seen the case of the question: TCP tells.
    return response.isTruncated || !response.isExact ? ask(overTcp, true) : response
  }
}

/** A socket for each question: its port is one that the kernel chose, and only the server is heard on it. */
const overUdp: Way = ({ address, port }, question, octets, { answered, failed }) => {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  let isClosed = false
  socket.on('error', failed)
  socket.on('message', (message) => {
    const response = isClosed ? undefined : readResponse(message, question)
    if (response) answered(response)
  })
  socket.connect(port, address, () => {
    if (!isClosed) socket.send(octets)
  })
  return () => {
    if (isClosed) return
    isClosed = true
    // What was under way may still fail.
    socket.removeAllListeners('error')
    socket.on('error', () => {})
    socket.close()
  }
}

const overTcp: Way = ({ address, port }, question, octets, { answered, failed }) => {
  const socket = connect(port, address)
  let received = Buffer.alloc(0)
  socket.on('error', failed)
  socket.on('close', () => failed(new Error('the connection ended')))
  socket.on('connect', () => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(octets.length)
    socket.write(Buffer.concat([length, octets]))
  })
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    if (received.length < 2) return
    const length = received.readUInt16BE(0)
    if (length > largestResponse) failed(new Error(`an answer of ${length} octets is too long`))
    else if (received.length >= 2 + length) {
      const response = readResponse(received.subarray(2, 2 + length), question)
      if (response && !response.isTruncated) answered(response)
      else failed(new Error('what came is no answer to the question'))
    }
  })
  return () => {
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.destroy()
  }
}

function textOf({ address, port }: NameServer): string {
  return `name server ${hostAndPort(address, port)}`
}
