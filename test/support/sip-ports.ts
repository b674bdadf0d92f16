/** Ports for SIP tests: runs of neighbours that nobody holds, so that test files run side by side. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Each test file draws from a part of the range of its own, nearly always: what is free may be asked for twice at once. */
const partPorts = 2000
const firstOfPart = 10_000 + (process.pid % 10) * partPorts
/** Whoever got them may not have opened them yet. */
const given = new Set<number>()

/** Gives the first of `count` neighbouring ports that are free: UDP on 127.0.0.1, TCP there and on ::1. */
export async function freePorts(count: number, { digits }: { digits: 4 | 5 } = { digits: 5 }): Promise<number> {
  if (given.size > partPorts / 2) given.clear()
  for (;;) {
    // Below the ports that the kernel gives to clients, and beyond those that daemons have.
    const first = digits === 5 ? firstOfPart + randomBelow(partPorts - count) : 6000 + randomBelow(4000 - count)
    const ports = Array.from({ length: count }, (_, i) => first + i)
    if (ports.some((port) => given.has(port))) continue
    for (const port of ports) given.add(port)
    const checks = await Promise.all(
      ports.flatMap((port) => [isFreeUdp(port), isFreeTcp(port, '127.0.0.1'), isFreeTcp(port, '::1')]),
    )
    if (checks.every(Boolean)) return first
  }
}

const randomBelow = (limit: number): number => Math.floor(Math.random() * limit)

/** Whether nobody holds a UDP port on 127.0.0.1. */
export async function isFreeUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind({ address: '127.0.0.1', port, exclusive: true })
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}

/** Whether nobody holds a TCP port of an address. */
export async function isFreeTcp(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
