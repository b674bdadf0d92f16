/** The existence test of RFC 2981 (mteTriggerExistenceTable): what one more look at an instance makes of it. */

export interface ExistenceTest {
  /** mteTriggerExistenceTest. */
  readonly test: ReadonlySet<'present' | 'absent' | 'changed'>
  /** mteTriggerExistenceStartup. */
  readonly startup: ReadonlySet<'present' | 'absent'>
}

/** Whether the instance is there, and if so something that is another text for every other value. */
export type ExistenceSample = { readonly isPresent: false } | { readonly isPresent: true; readonly value: string }

export type ExistenceFired = 'present' | 'absent' | 'changed'

export interface ExistenceStep {
  readonly state: ExistenceSample
  readonly fired: ExistenceFired | undefined
}

/**
 * The state is the last sample; undefined before the first one, when the startup bits decide. An instance of a wildcard
 * that was not there at the scan before starts from `{ isPresent: false }`.
 */
export function existenceStep(
  { test, startup }: ExistenceTest,
  state: ExistenceSample | undefined,
  sample: ExistenceSample,
): ExistenceStep {
  const now = sample.isPresent ? 'present' : 'absent'
  if (!state) return { state: sample, fired: startup.has(now) && test.has(now) ? now : undefined }
  if (state.isPresent !== sample.isPresent) return { state: sample, fired: test.has(now) ? now : undefined }
  const isChanged = state.isPresent && sample.isPresent && state.value !== sample.value
  return { state: sample, fired: isChanged && test.has('changed') ? 'changed' : undefined }
}
