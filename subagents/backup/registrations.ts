/** drsFeatureTable and drsComponentTable: what can be backed up, and how each part of it fared last. */
import type { Feature } from '../../lib/backup/feature.ts'
import type { ComponentState, JobStatus } from '../../lib/backup/job.ts'
import { serve } from '../../lib/mib/module.ts'
import { drsComponentTable, drsFeatureTable } from './mib.ts'

export interface ComponentIndex {
  readonly drsFeatureIndex: number
  readonly drsComponentIndex: number
}

const resultOf: Partial<Record<ComponentState, 'succeeded' | 'succeededWithWarnings' | 'failed' | 'canceled'>> = {
  done: 'succeeded',
  failed: 'failed',
  skipped: 'canceled',
}

/** Behind those that every appliance has, whose order is their number. */
const firstAdded = 101

export class Registrations {
  readonly features = serve(drsFeatureTable, {})
  readonly components = serve(drsComponentTable, {})

  /** Those that every appliance has keep their numbers, since schedules in files name them. */
  show(features: readonly Feature[], declared: readonly Feature[], node: string): void {
    const added = declared.map(({ name }) => name)
    const numbered = features.map((feature) => {
      const at = added.indexOf(feature.name)
      return { feature, index: at < 0 ? feature.order : firstAdded + at }
    })
    this.features.table.replaceAll(
      numbered.map(({ feature, index: drsFeatureIndex }) => ({
        drsFeatureDescr: '',
        drsFeatureLastBackup: 'never' as const,
        ...this.features.table.get({ drsFeatureIndex }),
        drsFeatureIndex,
        drsFeatureName: feature.name,
        drsFeatureRequired: feature.isRequired,
        drsFeatureComponents: feature.components.length,
      })),
    )
    this.components.table.replaceAll(
      numbered.flatMap(({ feature, index: drsFeatureIndex }) =>
        feature.components.map((component, at) => ({
          drsComponentLastResult: 'none' as const,
          drsComponentLastTime: 'never' as const,
          ...this.components.table.get({ drsFeatureIndex, drsComponentIndex: at + 1 }),
          drsFeatureIndex,
          drsComponentIndex: at + 1,
          drsComponentName: component.name,
          drsComponentNode: node,
          drsComponentRegState: 'registered' as const,
          drsComponentOrder: feature.order,
        })),
      ),
    )
  }

  /** Names of features by their numbers; those that are not known are left out. */
  namesOf(indexes: readonly number[]): string[] {
    return indexes.flatMap((drsFeatureIndex) => this.features.table.get({ drsFeatureIndex })?.drsFeatureName ?? [])
  }

  knows(name: string): boolean {
    return [...this.features.table.rows()].some(({ drsFeatureName }) => drsFeatureName === name)
  }

  /** Undefined for a component that this home does not have. */
  find(feature: string, component: string): ComponentIndex | undefined {
    const row = [...this.features.table.rows()].find(({ drsFeatureName }) => drsFeatureName === feature)
    if (!row) return undefined
    return [...this.components.table.rows()].find(
      (one) => one.drsFeatureIndex === row.drsFeatureIndex && one.drsComponentName === component,
    )
  }

  /** What a backup that ended did with each. */
  record(status: JobStatus, ended: Date): void {
    for (const { feature, component, state } of status.components) {
      const index = this.find(feature, component)
      const drsComponentLastResult = resultOf[state]
      if (!index || !drsComponentLastResult) continue
      this.components.table.patch(index, { drsComponentLastResult, drsComponentLastTime: ended })
      if (state === 'done') this.features.table.patch(index, { drsFeatureLastBackup: ended })
    }
  }
}
