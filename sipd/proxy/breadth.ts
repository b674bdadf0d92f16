/** Max-Breadth, RFC 5393 §5.3: how many branches of one request there may be at once, in this proxy and all that follow. */
import type { SipRequest } from '../message/message.ts'

/** What a request without the header has (§5.3.3.1), and what one with a greater number is cut to. */
const most = 60

export function breadthOf({ maxBreadth }: SipRequest): number {
  return Math.min(maxBreadth ?? most, most)
}

/** What each of several branches gets, together as much as there is; undefined when there is less than one for each. */
export function divideBreadth(breadth: number, branches: number): number[] | undefined {
  if (branches > breadth) return undefined
  const each = Math.floor(breadth / branches)
  const rest = breadth % branches
  return Array.from({ length: branches }, (_, i) => each + (i < rest ? 1 : 0))
}
