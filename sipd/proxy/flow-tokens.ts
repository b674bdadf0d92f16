/**
 * Flow tokens (RFC 5626 §5.2): a flow in the user part of our own Record-Route or Path, with our mark, so that every request of a
 * dialog, or for a registration, goes back over the flow that it came by.
 */
import { dialogTag } from '../calls/call.ts'
import { parseAddress } from '../message/address.ts'
import { formatFlow, isFromUserAgent, isReachedByFlow, parseFlow } from '../message/flow.ts'
import { H } from '../message/header-names.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { parseSipUri, type SipUri } from '../message/uri.ts'
import type { Signer } from './signer.ts'

/** What a token says. */
export interface TokenFlow {
  readonly hop: Hop
  /** Its user agent keeps the flow alive and wants no other way (`ob`, RFC 5626 §4.3, §5.3.1). */
  readonly isOutbound: boolean
}

export class FlowTokens {
  readonly #signer: Signer

  constructor(signer: Signer) {
    this.#signer = signer
  }

  /** For the Record-Route of a request that begins a dialog: of use within that dialog alone. */
  ofDialog(request: SipRequest, hop: Hop): string {
    const word = formatFlow(hop)
    return token(word, this.#signer.sign('flow', word, request.callId, dialogTag(request.from) ?? ''))
  }

  /** For Path: whoever has the registration may use it. */
  ofRegistration(hop: Hop): string {
    const word = formatFlow(hop)
    return token(word, this.#signer.sign('path', word))
  }

  /** The flow that a route of ours leads to; undefined when it has no token, or one that was not made for this request. */
  read({ user, parameters }: SipUri, request: SipRequest, source: Hop): TokenFlow | undefined {
    const match = /^([\w-]+)\.([\w-]{16})$/.exec(user ?? '')
    if (!match) return undefined
    const [, octets = '', mark = ''] = match
    const word = Buffer.from(octets, 'base64url').toString('latin1')
    const hop = parseFlow(word)
    if (!hop) return undefined
    const isOutbound = parameters.has('ob')
    if (this.#isOfDialog(word, mark, request)) return { hop, isOutbound }
    // RFC 5626 §5.3.2: by its own flow a request of the user agent came in, and goes on from here.
    return this.#signer.isSigned(mark, 'path', word) && word !== formatFlow(source) ? { hop, isOutbound } : undefined
  }

  /** Signed for who began the dialog: its tag is in From of the one's requests, and in To of the other's. */
  #isOfDialog(word: string, mark: string, { callId, from, to }: SipRequest): boolean {
    const toTag = dialogTag(to)
    if (toTag === undefined) return false
    return [dialogTag(from) ?? '', toTag].some((tag) => this.#signer.isSigned(mark, 'flow', word, callId, tag))
  }
}

function token(word: string, mark: string): string {
  return `${Buffer.from(word, 'latin1').toString('base64url')}.${mark}`
}

/** The flow that the user agent behind a request is reached by; undefined where its contact will do, or a proxy sent the request. */
export function flowOfSender(request: SipRequest, source: Hop): TokenFlow | undefined {
  if (!isFromUserAgent(request)) return undefined
  const [contact] = request.elements(H.contact)
  const address = contact === undefined ? undefined : parseAddress(contact)
  const uri = address && parseSipUri(address.uri)
  return isReachedByFlow(uri, request.via, source) ? { hop: source, isOutbound: isOutbound(uri) } : undefined
}

/** RFC 5626 §4.3. */
export function isOutbound(contact: SipUri | undefined): boolean {
  return contact?.parameters.has('ob') === true
}
