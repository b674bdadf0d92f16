/** Which phone a contact is of (`+sip.instance`, RFC 5626 §4.1), and which of its flows (`reg-id`, §4.2); both as one word that a binding keeps. */
import type { Address } from '../message/address.ts'

export interface Instance {
  /** A URN as it was written, without its quotes and angle brackets: a scheme and letters of it may be in either case. */
  readonly urn: string
  /** Undefined for a phone that has one flow at a time. */
  readonly flow: number | undefined
}

const mostFlow = 2 ** 31 - 1

/** Undefined for a contact that names no phone. `isOutbound`: who registers it knows of flows, so that its reg-id counts (§6). */
export function instanceOf({ parameters }: Pick<Address, 'parameters'>, isOutbound: boolean): Instance | undefined {
  const urn = /^"<([^<>"\\\s]+)>"$/.exec(parameters.get('+sip.instance') ?? '')?.[1]
  if (urn === undefined) return undefined
  const flow = parameters.get('reg-id') ?? ''
  const isFlow = isOutbound && /^\d{1,10}$/.test(flow) && Number(flow) >= 1 && Number(flow) <= mostFlow
  return { urn, flow: isFlow ? Number(flow) : undefined }
}

export function formatInstance(instance: Instance | undefined): string {
  if (!instance) return ''
  const { urn, flow } = instance
  return flow === undefined ? urn : `${urn} ${flow}`
}

/** What `formatInstance` wrote. */
export function parseInstance(word: string): Instance | undefined {
  if (word === '') return undefined
  const [urn = '', flow] = word.split(' ')
  return { urn, flow: flow === undefined ? undefined : Number(flow) }
}

/** As a Contact has it. */
export function instanceParameters(word: string): string {
  const instance = parseInstance(word)
  if (!instance) return ''
  const { urn, flow } = instance
  return `;+sip.instance="<${urn}>"${flow === undefined ? '' : `;reg-id=${flow}`}`
}

/** RFC 8141 §3.1 as far as phones go: of a URN the case of its letters is no difference. */
export function isSamePhone(one: Instance, other: Instance): boolean {
  return one.urn.toLowerCase() === other.urn.toLowerCase()
}
