/** What a phone can do, and what a caller wants of it: feature parameters (RFC 3840 §9), and whether they meet (RFC 2533). */
import type { Address } from '../message/address.ts'
import { endOfQuoted, split, trimBlanks } from '../message/scan.ts'

/** Its values by the name of the feature, in lower case. */
export type FeatureSet = ReadonlyMap<string, FeatureValues>

/** One of them is meant; a phone that has several can do each. */
export type FeatureValues = readonly FeatureValue[]

type FeatureValue =
  | { readonly kind: 'token'; readonly token: string; readonly isNegated: boolean }
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly isNegated: boolean }
  | { readonly kind: 'text'; readonly text: string }

/** RFC 3840 §9: those that need no + in front. */
const baseTags: ReadonlySet<string> = new Set([
  ...['audio', 'automata', 'class', 'duplex', 'data', 'control', 'mobility', 'description', 'events', 'priority'],
  ...['methods', 'schemes', 'application', 'video', 'language', 'type', 'isfocus', 'actor', 'text', 'extensions'],
])
/** It names a phone, and says nothing of what it can do (RFC 5626 §4.1). */
const noFeature: ReadonlySet<string> = new Set(['+sip.instance'])
const mostFeatures = 32
const mostValues = 32

export function isFeature(name: string): boolean {
  return baseTags.has(name) || (name.startsWith('+') && !noFeature.has(name))
}

/** The feature parameters of a Contact as one text that a binding keeps: `;audio;methods="INVITE,BYE"`. */
export function featuresOf({ parameters }: Pick<Address, 'parameters'>): string {
  let text = ''
  for (const [name, value] of parameters) {
    if (!isFeature(name)) continue
    text += value === undefined || value === '' ? `;${name}` : `;${name}=${value}`
  }
  return text
}

/** What `featuresOf` wrote, or the parameters of an Accept-Contact; other parameters are passed over. */
export function parseFeatures(text: string): FeatureSet {
  const features = new Map<string, FeatureValues>()
  for (const part of split(text, ';') ?? []) {
    const equals = part.indexOf('=')
    const name = trimBlanks(equals < 0 ? part : part.slice(0, equals)).toLowerCase()
    if (!isFeature(name) || features.has(name) || features.size >= mostFeatures) continue
    features.set(name, valuesOf(equals < 0 ? undefined : trimBlanks(part.slice(equals + 1))))
  }
  return features
}

const isTrue: FeatureValues = [{ kind: 'token', token: 'true', isNegated: false }]

function valuesOf(written: string | undefined): FeatureValues {
  if (written === undefined || written === '') return isTrue
  const isQuoted = written.startsWith('"') && endOfQuoted(written, 0) === written.length - 1
  const text = isQuoted ? written.slice(1, -1) : written
  const exact = /^<(.*)>$/s.exec(text)?.[1]
  if (exact !== undefined) return [{ kind: 'text', text: exact.replace(/\\(.)/gs, '$1') }]
  return text.split(',').slice(0, mostValues).map(readValue)
}

function readValue(written: string): FeatureValue {
  const text = trimBlanks(written)
  const isNegated = text.startsWith('!')
  const bare = isNegated ? text.slice(1) : text
  const range = bare.startsWith('#') ? rangeOf(bare.slice(1)) : undefined
  return range ? { kind: 'range', ...range, isNegated } : { kind: 'token', token: bare.toLowerCase(), isNegated }
}

/** `=4`, `>=4`, `<=4`, `2:6` or `4`. */
function rangeOf(text: string): { from: number; to: number } | undefined {
  const [, relation = '', low = '', high] = /^([<>]?=)?(-?\d+(?:\.\d+)?)(?::(-?\d+(?:\.\d+)?))?$/.exec(text) ?? []
  if (low === '') return undefined
  const from = Number(low)
  if (relation === '>=') return { from, to: Number.POSITIVE_INFINITY }
  if (relation === '<=') return { from: Number.NEGATIVE_INFINITY, to: from }
  return { from, to: high === undefined ? from : Number(high) }
}

/** Whether one of the values is one of the others. */
export function areMet(wanted: FeatureValues, had: FeatureValues): boolean {
  return wanted.some((one) => had.some((other) => isMet(one, other)))
}

function isMet(one: FeatureValue, other: FeatureValue): boolean {
  if (one.kind === 'text' || other.kind === 'text')
    return one.kind === 'text' && other.kind === 'text' && one.text === other.text
  // Of all values there are, two of those that are not these are always to be found.
  if (one.isNegated && other.isNegated) return true
  const isSame =
    one.kind === 'range' && other.kind === 'range'
      ? one.from <= other.to && other.from <= one.to
      : one.kind === 'token' && other.kind === 'token' && one.token === other.token
  return one.isNegated || other.isNegated ? !isSame : isSame
}
