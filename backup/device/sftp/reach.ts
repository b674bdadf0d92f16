/** The way to a server: its addresses by DNS, and a connection of TCP to the first that answers. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { codeOf, messageOf } from '../../../lib/errors.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { deviceError } from '../failure.ts'
import { within } from '../within.ts'

export interface Server {
  /** The device's name. */
  readonly name: string
  readonly server: string
  readonly port: number
}

export interface Waiting {
  readonly clock: Clock
  readonly limitMs: number
  readonly signal: AbortSignal
}

/** At least one address, in the order in which they are to be tried. */
export async function resolveServer({ name, server }: Server, waiting: Waiting): Promise<string[]> {
  if (isIP(server) !== 0) return [server]
  const failed = (reason: string, advice: string, cause?: unknown) =>
    deviceError(
      { device: name, what: `find the address of ${server}`, step: 'resolve' },
      { fault: 'unreachable', reason, advice },
      cause,
    )
  const late = () => failed(`no name server answered within ${waiting.limitMs / 1000} s`, 'check /etc/resolv.conf')
  try {
    const found = await within({ ...waiting, late }, () => lookup(server, { all: true, verbatim: true }))
    return found.map(({ address }) => address)
  } catch (error) {
    const reason = nameFailures[codeOf(error) ?? '']
    if (reason === undefined) throw error
    throw failed(reason, 'check the name of the server, and /etc/resolv.conf', error)
  }
}

const nameFailures: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name is known',
  EAI_AGAIN: 'the name servers do not answer',
  EAI_NODATA: 'the name has no address',
  EAI_FAIL: 'the name servers failed',
}

/** A connection to the first of the addresses that takes one; each has its part of the time. */
export async function connectToServer(
  of: Server,
  addresses: readonly string[],
  waiting: Waiting,
): Promise<{ readonly socket: Socket; readonly address: string }> {
  const failures: string[] = []
  for (const address of addresses) {
    try {
      return { socket: await connectTo(address, of.port, waiting), address }
    } catch (error) {
      waiting.signal.throwIfAborted()
      failures.push(`${address}: ${connectFailures[codeOf(error) ?? ''] ?? messageOf(error)}`)
    }
  }
  throw deviceError(
    { device: of.name, what: `connect to ${of.server} port ${of.port}`, step: 'connect' },
    {
      fault: 'unreachable',
      reason: failures.join(', '),
      advice: 'check that the server runs, its port, and the firewalls between',
    },
  )
}

const connectFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ETIMEDOUT: 'it does not answer',
}

async function connectTo(host: string, port: number, waiting: Waiting): Promise<Socket> {
  // Nagle's algorithm would hold back each request until the one before is answered.
  const socket = connect({ host, port, noDelay: true })
  try {
    const late = () => Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })
    await within({ ...waiting, late }, (signal) => once(socket, 'connect', { signal }))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}
