/** What a request that is forwarded without state came by, in our own Via: its response is brought back by that (RFC 3261 §16.11). */
import { addressOctets, addressText } from '../../lib/net/address.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { receivedElement, type ViaTarget, viaTarget } from '../message/respond.ts'
import { parseVia } from '../message/via.ts'
import type { Signer } from './signer.ts'

type CameBy = Pick<Hop, 'listener' | 'connection' | 'local'>

/**
 * The listener, address and connection, and our mark on them and on where the next Via leads: nobody else is to choose where
 * a response goes. Empty for a request whose answer finds no way back.
 */
export function cameByParameter(request: SipRequest, source: Hop, signer: Signer): string {
  const element = receivedElement(request.text, request.via, source)
  const via = parseVia(element, 0, element.length)
  const target = via && viaTarget(via)
  if (!target) return ''
  const word = format(source)
  return `;i=${word};m=${signer.sign('via', word, formatTarget(target))}`
}

/** What `cameByParameter` wrote for a response that goes to this target; undefined where it did not. */
export function readCameBy(via: string, target: ViaTarget, signer: Signer): CameBy | undefined {
  const match = /;i=((\d{1,4})(?:\.([0-9a-f]{8}|[0-9a-f]{32}))?(?:-(\d+\.\d+))?);m=([\w-]+)(?=;|$)/.exec(via)
  if (!match) return undefined
  const [, word, listener, local, connection, mark] = match
  if (!signer.isSigned(mark!, 'via', word!, formatTarget(target))) return undefined
  return {
    listener: Number(listener),
    connection,
    ...(local !== undefined && { local: addressText(Buffer.from(local, 'hex')) }),
  }
}

/** A token, which has no colons: the address is in hexadecimal. */
function format({ listener, connection, local }: Hop): string {
  const octets = local === undefined || local.includes('%') ? undefined : addressOctets(local)
  const address = octets ? `.${Buffer.from(octets).toString('hex')}` : ''
  return `${listener}${address}${connection === undefined ? '' : `-${connection}`}`
}

function formatTarget({ transport, address, port }: ViaTarget): string {
  return `${transport} ${address} ${port}`
}
