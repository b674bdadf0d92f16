/** drsFeatureTable and drsComponentTable: what can be backed up, and how each part of it fared last. */
import type { Feature } from '../../lib/backup/feature.ts'
import type { ComponentState, JobStatus, NodeState } from '../../lib/backup/job.ts'
import type { NodeReport } from '../../lib/backup/node.ts'
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

const resultOfNode: Partial<Record<NodeState, 'succeeded' | 'succeededWithWarnings' | 'failed' | 'canceled'>> = {
  done: 'succeeded',
  partial: 'succeededWithWarnings',
  failed: 'failed',
  disconnected: 'failed',
  canceled: 'canceled',
}

/** Numbers of the components of another node: its own number in the thousands. */
const ofNode = 1000

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
    const others = [...this.components.table.rows()].filter((row) => row.drsComponentIndex >= ofNode)
    const own = numbered.flatMap(({ feature, index: drsFeatureIndex }) =>
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
    )
    this.components.table.replaceAll([...own, ...others])
  }

  /** What another node has registered, as far as this one has the features too. */
  showNode(node: number, { name, features }: NodeReport): void {
    const before = new Map(this.#componentsOf(node).map((row) => [keyOf(row), row]))
    this.forgetNode(node)
    for (const feature of features) {
      const own = this.#featureNamed(feature.name)
      if (!own) continue
      for (const [at, component] of feature.components.slice(0, ofNode - 1).entries()) {
        const index = { drsFeatureIndex: own.drsFeatureIndex, drsComponentIndex: node * ofNode + at + 1 }
        this.components.table.put({
          drsComponentLastResult: 'none',
          drsComponentLastTime: 'never',
          ...before.get(keyOf(index)),
          ...index,
          drsComponentName: component,
          drsComponentNode: name,
          drsComponentRegState: 'registered',
          drsComponentOrder: feature.order,
        })
      }
    }
  }

  /** The node cannot be asked now. */
  lose(node: number): void {
    for (const row of this.#componentsOf(node)) this.components.table.patch(row, { drsComponentRegState: 'lost' })
  }

  forgetNode(node: number): void {
    for (const row of this.#componentsOf(node)) this.components.table.delete(row)
  }

  /** Names of features by their numbers; those that are not known are left out. */
  namesOf(indexes: readonly number[]): string[] {
    return indexes.flatMap((drsFeatureIndex) => this.features.table.get({ drsFeatureIndex })?.drsFeatureName ?? [])
  }

  knows(name: string): boolean {
    return this.#featureNamed(name) !== undefined
  }

  /** Undefined for a component that this home does not have. */
  find(feature: string, component: string): ComponentIndex | undefined {
    const row = this.#featureNamed(feature)
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
    for (const { node, state } of status.nodes?.slice(1) ?? []) {
      const drsComponentLastResult = resultOfNode[state]
      if (!drsComponentLastResult) continue
      const rows = [...this.components.table.rows()].filter((row) => row.drsComponentNode === node)
      for (const row of rows) this.components.table.patch(row, { drsComponentLastResult, drsComponentLastTime: ended })
    }
  }

  #featureNamed(name: string) {
    return [...this.features.table.rows()].find(({ drsFeatureName }) => drsFeatureName === name)
  }

  #componentsOf(node: number) {
    const isOfNode = (index: number): boolean => Math.floor(index / ofNode) === node
    return [...this.components.table.rows()].filter(({ drsComponentIndex }) => isOfNode(drsComponentIndex))
  }
}

const keyOf = ({ drsFeatureIndex, drsComponentIndex }: ComponentIndex): string =>
  `${drsFeatureIndex}.${drsComponentIndex}`
