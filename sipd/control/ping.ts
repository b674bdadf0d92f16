/** `sip ping`: asks a SIP server for its options, to see whether it answers and how fast. */
import { readFileSync } from 'node:fs'
import { CommandFailure, exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { flag, json, text, type ValuesOf } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { messageOf } from '../../lib/errors.ts'
import { printable } from '../../lib/text/escape.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { sipCommand, timeoutOption } from './command.ts'
import { hostAndPort, NoResponseError, ping } from './ping/exchange.ts'
import { type Trust, targetOf } from './ping/target.ts'

const defaultTimeoutSeconds = 5

const options = {
  uri: text('--uri <uri>', 'whom to ask, such as sip:192.0.2.1:5060 (sipd of this appliance)'),
  tcp: flag('--tcp', 'over TCP'),
  tls: flag('--tls', 'over TLS'),
  ca: text('--ca <file>', 'authorities that its certificate may be of, in PEM'),
  fingerprint: text('--fingerprint <sha256>', 'of its certificate, which needs no authority then'),
  withinMs: timeoutOption(defaultTimeoutSeconds),
  json,
}

export const pingCommand = sipCommand({
  name: 'ping',
  summary: 'send OPTIONS to sipd, or to a URI',
  example: 'sip ping --uri sip:192.0.2.1 --tcp',
  exitCodes: { 0: 'a 2xx came', 1: 'another final response came', 3: 'no final response came' },
  options,
  needsNoHome: true,
  run: async ({ home, options }) => {
    const { withinMs } = options
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
      printJson(json)
    } else {
      const where = `${transport} ${hostAndPort(target.address, target.port)}`
      const again = retransmissions > 0 ? `, retransmissions: ${retransmissions}` : ''
      print(`SIP/2.0 ${status} ${printable(reason)}\n${where} in ${roundTripMs} ms${again}\n`)
    }
    return status < 300 ? exitCodes.ok : exitCodes.error
  },
})

/** Of a sips: URI without any of it, the authorities of the system. */
function trustOf({ tls, tcp, ca, fingerprint }: ValuesOf<typeof options>): Trust {
  if (tls && tcp) throw new UsageError('--tcp and --tls exclude each other')
  if (ca !== undefined && fingerprint !== undefined) throw new UsageError('--ca and --fingerprint exclude each other')
  if (fingerprint !== undefined) {
    const hex = fingerprint.replaceAll(':', '')
    if (!/^[0-9a-f]{64}$/i.test(hex))
      throw new UsageError(`--fingerprint must be the 32 octets of SHA-256 in hexadecimal, got ${fingerprint}`)
    return { isAsked: tls, fingerprint: hex.toUpperCase().replace(/..(?=.)/g, '$&:') }
  }
  if (ca === undefined) return { isAsked: tls }
  try {
    return { isAsked: tls, authorities: readFileSync(ca) }
  } catch (error) {
    throw new UsageError(`--ca ${ca} cannot be read: ${messageOf(error)}`)
  }
}
