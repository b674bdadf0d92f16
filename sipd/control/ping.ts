/** `sip ping`: asks a SIP server for its options, to see whether it answers and how fast. */

import { readFileSync } from 'node:fs'
import { messageOf } from '../../lib/errors.ts'
import { jsonText, printable } from '../../lib/text/escape.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { type Command, CommandFailure, type CommandOptions, exitCodes, timeoutMs } from './command.ts'
import { hostAndPort, NoResponseError, ping } from './ping/exchange.ts'
import { type Trust, targetOf } from './ping/target.ts'

const defaultTimeoutSeconds = 5

export const pingCommand: Command = {
  name: 'ping',
  synopsis: '[--uri sip:HOST:PORT] [--tcp | --tls [--ca FILE | --fingerprint SHA256]] [--timeout SECONDS] [--json]',
  help: 'sends OPTIONS to sipd, or to a URI: exit code 0 for a 2xx, 1 for another final response, 3 for none',
  operandCount: 0,
  options: ['uri', 'tcp', 'tls', 'ca', 'fingerprint', 'timeout', 'json'],
  needsNoHome: true,
  run: async ({ home, options }) => {
    const withinMs = timeoutMs(options, defaultTimeoutSeconds)
    const target = await targetOf(home, options.uri, options.tcp, trustOf(options))
    const answer = await ping(target, withinMs, systemClock).catch((error: unknown) => {
      if (error instanceof NoResponseError) throw new CommandFailure(error.message, exitCodes.noAnswer)
      throw error
    })
    const { status, reason, retransmissions } = answer
    const roundTripMs = Math.round(answer.roundTripMs * 100) / 100
    const transport = target.transport.toLowerCase()
    if (options.json) {
      const { uri, address, port } = target
      const json = { uri, transport, address, port, status, reason, roundTripMs, retransmissions }
      process.stdout.write(`${jsonText(json)}\n`)
    } else {
      const where = `${transport} ${hostAndPort(target.address, target.port)}`
      const again = retransmissions > 0 ? `, retransmissions: ${retransmissions}` : ''
      process.stdout.write(`SIP/2.0 ${status} ${printable(reason)}\n${where} in ${roundTripMs} ms${again}\n`)
    }
    return status < 300 ? exitCodes.ok : exitCodes.error
  },
}

/** Undefined without --tls; a sips: URI has the authorities of the system then. */
function trustOf({ tls, tcp, ca, fingerprint }: CommandOptions): Trust | undefined {
  if (tls && tcp) throw new CommandFailure('--tcp and --tls exclude each other', exitCodes.usage)
  if (ca !== undefined && fingerprint !== undefined)
    throw new CommandFailure('--ca and --fingerprint exclude each other', exitCodes.usage)
  if (fingerprint !== undefined) {
    const hex = fingerprint.replaceAll(':', '')
    if (!/^[0-9a-f]{64}$/i.test(hex))
      throw new CommandFailure(
        `--fingerprint must be the 32 octets of SHA-256 in hexadecimal, got ${fingerprint}`,
        exitCodes.usage,
      )
    return { isAsked: tls, fingerprint: hex.toUpperCase().match(/../g)!.join(':') }
  }
  if (ca === undefined) return { isAsked: tls }
  try {
    return { isAsked: tls, authorities: readFileSync(ca) }
  } catch (error) {
    throw new CommandFailure(`--ca ${ca} cannot be read: ${messageOf(error)}`, exitCodes.usage)
  }
}
