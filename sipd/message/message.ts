/** A SIP message as its parts: start line, headers in order and as they came, body. */

export interface Header {
  /** The canonical name, compact forms expanded: `Via`, `Call-ID`. */
  readonly name: string
  /** Unfolded, without blanks around it; one element of a comma list each where the grammar has lists. */
  readonly value: string
}

export interface SipRequest {
  readonly kind: 'request'
  readonly method: string
  readonly requestUri: string
  readonly version: string
  readonly headers: readonly Header[]
  readonly body: Uint8Array
}

export interface SipResponse {
  readonly kind: 'response'
  readonly status: number
  readonly reason: string
  readonly headers: readonly Header[]
  readonly body: Uint8Array
}

export type SipMessage = SipRequest | SipResponse

export function headerValue({ headers }: Pick<SipMessage, 'headers'>, name: string): string | undefined {
  return headers.find((header) => header.name === name)?.value
}

export function headerValues({ headers }: Pick<SipMessage, 'headers'>, name: string): string[] {
  return headers.filter((header) => header.name === name).map(({ value }) => value)
}
