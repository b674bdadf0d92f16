/** Why rules do not apply to a number or a domain. */
import type { ExpansionRule } from '../numbers/expansion.ts'
import { withoutTechPrefix } from '../numbers/number-plan.ts'
import { domainsOf, parsePattern, whyNot } from '../routes/pattern.ts'
import { keyOf, type Route } from '../routes/route.ts'

export interface Unused {
  readonly rule: string
  readonly why: string
  /** It would match, and another rule comes before it. */
  readonly isMatch: boolean
}

export function otherExpansions(
  rules: readonly ExpansionRule[],
  number: string,
  used: ExpansionRule | undefined,
): Unused[] {
  return rules
    .filter((rule) => rule !== used)
    .map(({ pattern, expanded }) => {
      const why = whyNotExpanded(pattern, number)
      return { rule: `NumExp ${pattern} ${expanded}`, why: why ?? 'it has fewer digits written out', isMatch: !why }
    })
}

/** In a plan `*` is a star. */
function whyNotExpanded(pattern: string, number: string): string | undefined {
  const read = parsePattern(pattern.replaceAll('*', '\\*'))
  return 'expected' in read ? 'it is no pattern' : whyNot(read, number)
}

export interface Looked {
  readonly type: Route['type']
  /** The number, or the host. */
  readonly key: string
  readonly searchesLessSpecific: boolean
}

/** Those that match and are not used first, then those that fail latest. */
export function otherRoutes(routes: readonly Route[], used: readonly Route[], looked: Looked): Unused[] {
  const keys = new Set(used.map(keyOf))
  return routes
    .filter((route) => !keys.has(keyOf(route)))
    .map((route) => {
      const why = whyNoMatch(route, looked)
      return { rule: nameOf(route), why: why ?? whyNotUsed(route, used, looked), isMatch: !why }
    })
    .toSorted((one, other) => Number(other.isMatch) - Number(one.isMatch))
}

function nameOf({ pattern, nextHop }: Route): string {
  return nextHop === '' ? pattern : `${pattern} to ${nextHop}`
}

function whyNoMatch({ type, pattern }: Route, looked: Looked): string | undefined {
  if (type !== looked.type) return `it is of type ${type}`
  if (type === 'ip') return domainsOf(looked.key).includes(pattern) ? undefined : `${looked.key} is not in ${pattern}`
  const read = parsePattern(pattern)
  if ('expected' in read) return 'it is no pattern'
  const rest = withoutTechPrefix(looked.key)
  const why = whyNot(read, looked.key)
  return why !== undefined && rest !== undefined && whyNot(read, rest) === undefined ? undefined : why
}

function whyNotUsed({ isInService, isBlocked, pattern }: Route, used: readonly Route[], looked: Looked): string {
  if (!isInService) return 'it is out of service'
  if (isBlocked) return 'it blocks, and a more specific route comes before it'
  const [best] = used
  if (best?.pattern === pattern)
    return best.isBlocked ? 'its pattern is blocked' : 'another route of its pattern is used'
  if (!best) return 'its transport is not secure, and the request is a sips: one'
  if (!looked.searchesLessSpecific) return `${best.pattern} is more specific`
  return `the search ended at a route that does not allow less specific ones, or has found enough`
}
