/** What a trigger reads at one sample: its object, or all instances that fill its wildcard, each with its discontinuity object. */

import type { LocalAgent, LocalFailure } from '../../lib/mib/local-agent.ts'
import { compareOid, type Oid, startsWith } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import { isException, type Varbind } from '../../lib/smi/value.ts'
import type { InstanceSample } from './conditions/step.ts'
import { Turns } from './turns.ts'

export interface Target {
  readonly oid: Oid
  readonly isWildcard: boolean
  /** Undefined: sysUpTime alone is looked at. */
  readonly discontinuity: { readonly oid: Oid; readonly isWildcard: boolean } | undefined
  readonly as: Principal
}

/** One instance as it was found; a failure concerns it alone. */
export interface Reading {
  readonly oid: Oid
  /** What follows mteTriggerValueID where that is wildcarded. */
  readonly instance: Oid
  readonly sample: InstanceSample | LocalFailure
}

export interface Scanner {
  readonly agent: LocalAgent
  upTimeTicks(): number
  /** Called with each instance as it is found; false ends the scan. */
  found(reading: Reading): boolean | Promise<boolean>
}

/** More instances than these are no wildcard but a mistake. */
const instancesAtMost = 10_000

/**
 * Reads once. Resolves to why it came to an early end: instances that it did not come to are not absent. What is served in
 * this process is read before it returns, but for what does not fit into a slice.
 */
export async function scan(target: Target, scanner: Scanner): Promise<LocalFailure | undefined> {
  const { agent } = scanner
  const { oid, isWildcard, as } = target
  if (!isWildcard) {
    const asked = agent.getEach([oid], as)[0]!
    const answer = asked instanceof Promise ? await asked : asked
    if ('status' in answer) return answer
    const sampled = sample(target, scanner, [], answer)
    const goesOn = scanner.found({ oid, instance: [], sample: sampled instanceof Promise ? await sampled : sampled })
    if (goesOn instanceof Promise) await goesOn
    return undefined
  }
  let name = oid
  const turns = new Turns()
  for (let count = 0; count <= instancesAtMost; count++) {
    const asked = agent.getNextEach([name], as)[0]!
    const next = asked instanceof Promise ? await asked : asked
    if ('status' in next) return next
    if (next.value.type === 'endOfMibView' || !startsWith(next.name, oid)) return undefined
    if (compareOid(next.name, name) <= 0) return misordered(agent, name, next.name)
    name = next.name
    const instance = name.slice(oid.length)
    const sampled = sample(target, scanner, instance, next)
    const goesOn = scanner.found({
      oid: name,
      instance,
      sample: sampled instanceof Promise ? await sampled : sampled,
    })
    if (!(goesOn instanceof Promise ? await goesOn : goesOn)) return undefined
    if (turns.areDue) await turns.give()
  }
  const sentence = `${agent.format(oid)} has more than ${instancesAtMost} instances; name more of it`
  return { status: 'resourceUnavailable', position: 1, sentence }
}

/** The value, and what says whether a difference from the last one means anything. */
function sample(
  { discontinuity, as }: Target,
  { agent, upTimeTicks }: Scanner,
  instance: Oid,
  { value }: Varbind,
): InstanceSample | LocalFailure | Promise<InstanceSample | LocalFailure> {
  if (isException(value)) return 'absent'
  const ticks = upTimeTicks()
  if (!discontinuity) return { value, upTimeTicks: ticks }
  const name = discontinuity.isWildcard ? [...discontinuity.oid, ...instance] : discontinuity.oid
  const joined = (answer: Varbind | LocalFailure): InstanceSample | LocalFailure => {
    if ('status' in answer) return answer
    if (!isException(answer.value)) return { value, discontinuity: answer.value, upTimeTicks: ticks }
    return {
      status: 'noSuchName',
      position: 1,
      sentence: `${agent.format(name)}, which would tell a discontinuity, is not there`,
    }
  }
  const asked = agent.getEach([name], as)[0]!
  return asked instanceof Promise ? asked.then(joined) : joined(asked)
}

function misordered(agent: LocalAgent, name: Oid, next: Oid): LocalFailure {
  const sentence = `${agent.format(name)} is followed by ${agent.format(next)}, which comes before it`
  return { status: 'genErr', position: 1, sentence }
}
