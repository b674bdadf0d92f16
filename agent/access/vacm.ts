/** The view-based access control model, RFC 3415 §3.2: who may see or change what. Pure; its tables come from outside. */
import { View, type ViewFamily } from '../../lib/mib/view.ts'
import { type Principal, type SecurityLevel, type SecurityModel, securityLevels } from '../../lib/smi/principal.ts'

export type ViewType = 'read' | 'write' | 'notify'

export interface GroupMember {
  readonly securityModel: SecurityModel
  readonly securityName: string
  readonly groupName: string
}

export interface AccessEntry {
  readonly groupName: string
  readonly contextPrefix: string
  readonly contextMatch: 'exact' | 'prefix'
  readonly securityModel: SecurityModel | 'any'
  readonly securityLevel: SecurityLevel
  readonly views: Readonly<Record<ViewType, string>>
}

export interface NamedFamily extends ViewFamily {
  readonly viewName: string
}

export type AccessResult = View | 'noSuchView' | 'noAccessEntry' | 'noGroupName' | 'noSuchContext'

export class Vacm {
  readonly #groups = new Map<string, string>()
  readonly #access: readonly AccessEntry[]
  readonly #views = new Map<string, View>()
  readonly #contexts: ReadonlySet<string>
  readonly #known = new Map<string, AccessResult>()

  constructor(
    members: Iterable<GroupMember>,
    access: Iterable<AccessEntry>,
    families: Iterable<NamedFamily>,
    contexts: ReadonlySet<string> = new Set(['']),
  ) {
    this.#contexts = contexts
    for (const { securityModel, securityName, groupName } of members) {
      this.#groups.set(`${securityModel} ${securityName}`, groupName)
    }
    this.#access = [...access]
    const byView = new Map<string, NamedFamily[]>()
    for (const named of families) byView.set(named.viewName, [...(byView.get(named.viewName) ?? []), named])
    for (const [viewName, named] of byView) this.#views.set(viewName, new View(named))
  }

  /** The view that decides for this principal; steps 1 to 4 of §3.2. */
  viewFor(principal: Principal, viewType: ViewType): AccessResult {
    const { securityModel, securityName, securityLevel, contextName } = principal
    // Only principals of a group are remembered, in contexts there are: what a stranger sends fills nothing.
    const key = `${viewType} ${securityModel} ${securityLevel} ${securityName} ${contextName}`
    const known = this.#known.get(key)
    if (known) return known
    const { result } = this.explain(principal, viewType)
    if (result !== 'noSuchContext' && result !== 'noGroupName') this.#known.set(key, result)
    return result
  }

  viewNamed(name: string): View | undefined {
    return this.#views.get(name)
  }

  /** As viewFor, with what led there. */
  explain(
    principal: Principal,
    viewType: ViewType,
  ): { result: AccessResult; groupName?: string; entry?: AccessEntry; viewName?: string } {
    if (!this.#contexts.has(principal.contextName)) return { result: 'noSuchContext' }
    const groupName = this.#groups.get(`${principal.securityModel} ${principal.securityName}`)
    if (groupName === undefined) return { result: 'noGroupName' }
    const entry = this.#selectEntry(groupName, principal)
    if (!entry) return { result: 'noAccessEntry', groupName }
    const viewName = entry.views[viewType]
    return { result: this.#views.get(viewName) ?? 'noSuchView', groupName, entry, viewName }
  }

  /** vacmAccessTable's DESCRIPTION: own model before any, exact context before prefix, longer prefix, higher level. */
  #selectEntry(groupName: string, principal: Principal): AccessEntry | undefined {
    const fitting = this.#access.filter(
      (entry) =>
        entry.groupName === groupName &&
        (entry.securityModel === 'any' || entry.securityModel === principal.securityModel) &&
        securityLevels[entry.securityLevel] <= securityLevels[principal.securityLevel] &&
        (entry.contextMatch === 'exact'
          ? entry.contextPrefix === principal.contextName
          : principal.contextName.startsWith(entry.contextPrefix)),
    )
    const rank = (entry: AccessEntry): readonly number[] => [
      entry.securityModel === principal.securityModel ? 1 : 0,
      entry.contextMatch === 'exact' ? 1 : 0,
      entry.contextPrefix.length,
      securityLevels[entry.securityLevel],
    ]
    return fitting.sort((a, b) => {
      const ranksA = rank(a)
      return (
        rank(b)
          .map((r, i) => r - ranksA[i]!)
          .find((difference) => difference !== 0) ?? 0
      )
    })[0]
  }
}
