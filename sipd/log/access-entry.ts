/** What the access log tells of one transaction: the request, and the final response it got. */

export interface AccessEntry {
  /** Where the request came from, as octets or as a name when names are looked up. */
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /** Undefined when nobody was authenticated. */
  readonly user: string | undefined
  /** When the request arrived, in milliseconds since 1970. */
  readonly timeMs: number
  readonly method: string
  readonly requestUri: string
  /** `SIP/2.0`. */
  readonly version: string
  /** Of the final response. */
  readonly status: number
  /** Of the final response, headers and body; zero when none was sent. */
  readonly octetsSent: number
  /** From the request to the final response. */
  readonly durationMs: number
  /** The first value of a header of the request, whatever the case of its name. */
  header(name: string): string | undefined
  /** The same of the final response. */
  responseHeader(name: string): string | undefined
}
