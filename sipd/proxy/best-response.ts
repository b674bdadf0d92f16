/** Which of the final responses of a fork goes upstream, RFC 3261 §16.7 steps 6 and 7. */
import { H } from '../message/header-names.ts'
import { type SipResponse, stride } from '../message/message.ts'

/** Any 6xx wins; otherwise the lowest class, and within a class what lets the caller try again. */
export function chooseBest(responses: readonly SipResponse[]): SipResponse | undefined {
  let best: SipResponse | undefined
  for (const response of responses) if (!best || rank(response.status) < rank(best.status)) best = response
  return best
}

/** Smaller is better. */
function rank(status: number): number {
  if (status >= 600) return status - 600
  const preference = tellsHowToTryAgain.indexOf(status)
  // Of one class those that tell more come first (§16.7 step 6); 503 is worth least of all, it says nothing of the user.
  return Math.floor(status / 100) * 1000 + (preference >= 0 ? preference : 100) + (status === 503 ? 500 : 0)
}

const tellsHowToTryAgain = [401, 407, 415, 420, 484]

/** §16.7 step 7: the challenges of all 401 and 407, for the one that is forwarded. Header lines, each with its end. */
export function collectChallenges(best: SipResponse, responses: readonly SipResponse[]): string {
  if (best.status !== 401 && best.status !== 407) return ''
  let lines = ''
  for (const response of responses) {
    if (response === best || (response.status !== 401 && response.status !== 407)) continue
    const { layout, text } = response
    for (let at = 0; at < layout.length; at += stride) {
      const line = text.slice(response.lineStart(at), response.lineEnd(at))
      if (layout[at] === H.other && /^(?:WWW|Proxy)-Authenticate[ \t]*:/i.test(line)) lines += line
    }
  }
  return lines
}
