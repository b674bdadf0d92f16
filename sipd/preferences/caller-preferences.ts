/** What a caller wants of who is called (RFC 3841): which of their phones, and in what way they are reached. */
import { H } from '../message/header-names.ts'
import { type SipRequest, stride } from '../message/message.ts'
import { split } from '../message/scan.ts'
import { areMet, type FeatureSet, parseFeatures } from './features.ts'

/** Request-Disposition (§9.1); undefined where the caller says nothing of it. */
export interface Disposition {
  readonly redirects?: boolean
  readonly forks?: boolean
  readonly cancels?: boolean
  readonly recurses?: boolean
  readonly isParallel?: boolean
}

export interface CallerPreferences {
  readonly accepted: readonly Accepted[]
  readonly rejected: readonly FeatureSet[]
  readonly disposition: Disposition
}

interface Accepted {
  readonly features: FeatureSet
  /** Who cannot do it is not called. */
  readonly isRequired: boolean
  /** Who does not say that it can is not preferred. */
  readonly isExplicit: boolean
}

/** More are not read: each is held against each phone. */
const mostPredicates = 10

/** Undefined for a request without any, as nearly all are. */
export function callerPreferences(request: SipRequest): CallerPreferences | undefined {
  if (!hasPreferences(request)) return undefined
  const accepted = predicatesOf(request, H.acceptContact).map((text): Accepted => {
    const flags = (split(text, ';') ?? []).map((flag) => flag.toLowerCase())
    return {
      features: parseFeatures(text),
      isRequired: flags.includes('require'),
      isExplicit: flags.includes('explicit'),
    }
  })
  return {
    accepted: accepted.filter(({ features }) => features.size > 0),
    rejected: predicatesOf(request, H.rejectContact)
      .map(parseFeatures)
      .filter((features) => features.size > 0),
    disposition: dispositionOf(request.elements(H.requestDisposition)),
  }
}

function hasPreferences({ layout }: SipRequest): boolean {
  for (let at = 0; at < layout.length; at += stride) {
    const id = layout[at]
    if (id === H.acceptContact || id === H.rejectContact || id === H.requestDisposition) return true
  }
  return false
}

/** `*;audio;require`: what stands behind the star. */
function predicatesOf(request: SipRequest, header: typeof H.acceptContact | typeof H.rejectContact): string[] {
  return request
    .elements(header)
    .slice(0, mostPredicates)
    .flatMap((element) => (element.startsWith('*') ? [element.slice(1)] : []))
}

const words: ReadonlyMap<string, Disposition> = new Map([
  ['proxy', { redirects: false }],
  ['redirect', { redirects: true }],
  ['fork', { forks: true }],
  ['no-fork', { forks: false }],
  ['cancel', { cancels: true }],
  ['no-cancel', { cancels: false }],
  ['recurse', { recurses: true }],
  ['no-recurse', { recurses: false }],
  ['parallel', { isParallel: true }],
  ['sequential', { isParallel: false }],
])

function dispositionOf(directives: readonly string[]): Disposition {
  return Object.assign({}, ...directives.map((directive) => words.get(directive.toLowerCase()) ?? {}))
}

/** What there is to choose from. */
interface Choice {
  /** Thousandths. */
  readonly q: number
  /** What the phone said that it can do; undefined where nobody registered. */
  readonly features?: string
}

interface Scored<T> {
  readonly target: T
  readonly score: number
}

/** The targets that the caller may have, those that suit best first (§7.2). Those that nobody registered are left as they are. */
export function preferredTargets<T extends Choice>(
  targets: readonly T[],
  preferences: CallerPreferences,
): readonly T[] {
  const { accepted, rejected, disposition } = preferences
  const kept = targets.flatMap((target): Scored<T>[] => {
    // A contact without features is immune: nothing is known of it.
    if (!target.features) return [{ target, score: 1 }]
    const features = parseFeatures(target.features)
    if (rejected.some((unwanted) => isRejected(unwanted, features))) return []
    const score = scoreOf(accepted, features)
    return score === undefined ? [] : [{ target, score }]
  })
  // What the callee prefers counts first, and within that the caller's score.
  kept.sort((one, other) => other.target.q - one.target.q || other.score - one.score)
  const { forks, isParallel } = disposition
  const chosen = forks === false ? kept.slice(0, 1) : kept
  if (isParallel === true) return chosen.map(({ target }) => ({ ...target, q: mostQ }))
  return ranked(chosen, isParallel === false)
}

const mostQ = 1000
/** Of q, which is in thousandths: what is tried later stays above the next q that anybody wrote. */
const rankStep = 0.001

/** Of one q those of a lower score are tried later; one after the other all of them, where the caller wants that. */
function ranked<T extends Choice>(kept: readonly Scored<T>[], isSequential: boolean): readonly T[] {
  let q = Number.POSITIVE_INFINITY
  return kept.map(({ target, score }, i) => {
    const before = kept[i - 1]
    const isSame = !isSequential && before?.target.q === target.q && before.score === score
    q = isSame ? q : Math.min(target.q, q - rankStep)
    return q === target.q ? target : { ...target, q }
  })
}

/** §7.2.4: whoever does not say of a feature whether it has it is not rejected for it. */
function isRejected(unwanted: FeatureSet, features: FeatureSet): boolean {
  return [...unwanted].every(([name, values]) => {
    const had = features.get(name)
    return had !== undefined && areMet(values, had)
  })
}

/** From 0 to 1, the mean over all that is asked for; undefined where one that is required is not met. */
function scoreOf(accepted: readonly Accepted[], features: FeatureSet): number | undefined {
  if (accepted.length === 0) return 1
  let sum = 0
  for (const { features: wanted, isRequired, isExplicit } of accepted) {
    let said = 0
    let isMet = true
    for (const [name, values] of wanted) {
      const had = features.get(name)
      if (had === undefined) continue
      if (areMet(values, had)) said++
      else isMet = false
    }
    const isSaid = said === wanted.size
    if (isRequired && (!isMet || (isExplicit && !isSaid))) return undefined
    if (isMet && (isSaid || !isExplicit)) sum += said / wanted.size
  }
  return sum / accepted.length
}
