/** Whether the addresses and ports of sipd.conf can be had now: each is opened for a moment. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6 } from 'node:net'
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { codeOf, messageOf } from '../../lib/errors.ts'
import { hostAndPort } from '../../lib/net/address.ts'
import { describePortOwner, portOwner } from '../../lib/proc/port-owner.ts'
import type { SipdConfig } from '../config/directives.ts'
import { missingAddresses } from '../config/machine-checks.ts'
import { configFile, type Inspection } from '../config/read.ts'

type Protocol = 'udp' | 'tcp'

interface Socket {
  readonly directive: 'Listen' | 'SipTlsPort'
  readonly line: number
  readonly protocol: Protocol
  readonly address: string
  readonly port: number
}

/** What processes of this sipd have, by `isOurs`, is no complaint: the next one gets it. */
export async function checkListeners(
  { origins }: Pick<Inspection, 'origins'>,
  config: SipdConfig,
  isOurs: (pid: number) => boolean,
): Promise<Complaint[]> {
  const complaints = missingAddresses(config, origins, configFile)
  const missing = new Set(complaints.map(({ line }) => line))
  for (const socket of socketsOf(config, origins)) {
    if (socket.directive === 'Listen' && missing.has(socket.line)) continue
    const error = await openFor(socket)
    const complaint = error && complaintOf(error, socket, isOurs)
    if (complaint) complaints.push(complaint)
  }
  return complaints
}

function socketsOf({ Listen, SipTlsEnable, SipTlsPort }: SipdConfig, origins: Inspection['origins']): Socket[] {
  const sockets = Listen.flatMap(({ address, port }, i): Socket[] =>
    (['udp', 'tcp'] as const).map((protocol) => {
      const line = origins.get('Listen')?.lines[i] ?? origins.get('Port')?.line ?? 1
      return { directive: 'Listen', line, protocol, address, port }
    }),
  )
  if (!SipTlsEnable) return sockets
  const line = origins.get('SipTlsPort')?.line ?? origins.get('SipTlsEnable')?.line ?? 1
  const addresses = [...new Set(Listen.map(({ address }) => address))]
  return [
    ...sockets,
    ...addresses.map(
      (address): Socket => ({ directive: 'SipTlsPort', line, protocol: 'tcp', address, port: SipTlsPort }),
    ),
  ]
}

function complaintOf(error: Error, socket: Socket, isOurs: (pid: number) => boolean): Complaint | undefined {
  const { protocol, address, port, line, directive } = socket
  const owner = codeOf(error) === 'EADDRINUSE' ? portOwner(protocol, port) : undefined
  if (owner !== undefined && isOurs(owner)) return undefined
  const where = `${directive}: ${protocol} ${hostAndPort(address, port)}`
  const at = { file: configFile, line, column: 1 }
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const holder = describePortOwner(protocol, port)
      return { ...at, message: `${where} is in use${holder ? ` by ${holder}` : ''}` }
    }
    case 'EACCES':
      return {
        ...at,
        severity: 'warning',
        message: `${where} may not be opened by uid ${process.geteuid?.()}; a start as root may`,
      }
    default:
      return { ...at, message: `${where} cannot be opened: ${messageOf(error)}` }
  }
}

/** Why it cannot be opened. */
async function openFor({ protocol, address, port }: Socket): Promise<Error | undefined> {
  const ipv6Only = isIPv6(address)
  try {
    if (protocol === 'udp') {
      const socket = createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only })
      const listening = once(socket, 'listening')
      socket.bind({ address, port, exclusive: true })
      await listening.finally(() => socket.close())
    } else {
      const server = createServer()
      const listening = once(server, 'listening')
      server.listen({ host: address, port, ipv6Only, exclusive: true })
      await listening.finally(() => server.close())
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
