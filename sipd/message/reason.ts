/** Reason phrases of RFC 3261 §21 and its extensions: all that others hear of why; what we know beyond that is for the log. */

const phrases: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  423: 'Interval Too Brief',
  430: 'Flow Failed', // RFC 5626 §11.5
  439: 'First Hop Lacks Outbound Support', // RFC 5626 §11.6
  440: 'Max-Breadth Exceeded', // RFC 5393 §5.3
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  486: 'Busy Here',
  487: 'Request Terminated',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  505: 'Version Not Supported',
}

/** RFC 3261 §8.1.3.2: a status that is not known counts as the x00 of its class, and so do its words. */
const ofClass = ['Trying', 'OK', 'Moved', 'Bad Request', 'Server Internal Error', 'Decline'] as const

/** A Reason (RFC 3326): a status of SIP, and its words. */
export function reasonOf(status: number, text: string): string {
  return `SIP;cause=${status};text=${quoted(text)}`
}

/** Words as a quoted string, of ASCII alone. */
export function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]+/g, ' ').replace(/["\\]/g, '\\$&')}"`
}

export function reasonPhrase(status: number): string {
  return phrases[status] ?? ofClass[Math.floor(status / 100) - 1] ?? 'Bad Request'
}
