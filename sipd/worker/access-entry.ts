/** A finished transaction as the access log sees it. */
import type { Clock } from '../../lib/time/clock.ts'
import type { AccessEntry } from '../log/access-entry.ts'
import type { FormatLine } from '../log/log-format.ts'
import type { Hop } from '../message/hop.ts'
import { readParts } from '../message/parse.ts'
import type { ServerTransaction } from '../transaction/server.ts'

/** What is told of a final answer. */
export type Answered = [transaction: ServerTransaction, status: number, response: string]

function accessEntry(
  { request, source, startedMs }: ServerTransaction,
  status: number,
  response: string,
  clock: Clock,
  localPort: number,
): AccessEntry {
  const durationMs = clock.monotonicMs() - startedMs
  return {
    remoteAddress: source.address,
    remotePort: source.port,
    localPort,
    user: undefined,
    timeMs: clock.now() - durationMs,
    method: request.method,
    requestUri: request.requestUri,
    version: 'SIP/2.0',
    status,
    octetsSent: response.length,
    durationMs,
    header: (name) => request.valueNamed(name),
    responseHeader: (name) => readParts(response).valueNamed(name),
  }
}

/** As LogFormat has it. */
export function accessLine(
  format: FormatLine,
  listeners: Parameters<typeof localPortOf>[0],
  clock: Clock,
  [transaction, status, response]: Answered,
): string {
  const localPort = localPortOf(listeners, transaction.source)
  return format(accessEntry(transaction, status, response, clock, localPort))
}

/** Of the listener that a request came to. */
function localPortOf(
  listeners: readonly { readonly port: number; readonly tlsPort?: number | undefined }[],
  { listener, transport }: Hop,
): number {
  const found = listeners[listener] ?? listeners[0]!
  return transport === 'TLS' ? (found.tlsPort ?? found.port) : found.port
}
