/** The static routes in memory: what matches a number or a domain, the most specific first. */
import { domainsOf, parsePattern } from './pattern.ts'
import { PatternTrie } from './pattern-trie.ts'
import type { Route } from './route.ts'

/** The routes of one pattern. */
export interface RouteGroup {
  readonly pattern: string
  readonly routes: readonly Route[]
}

const none: readonly RouteGroup[] = []

export class RouteTable {
  readonly #numbers = new PatternTrie<Route>()
  readonly #domains = new Map<string, Route[]>()
  #size = 0

  constructor(routes: Iterable<Route> = []) {
    for (const route of routes) this.add(route)
  }

  /** A route whose pattern cannot be read is passed over: a later version may have written it. */
  add(route: Route): void {
    if (route.type === 'ip') {
      const same = this.#domains.get(route.pattern)
      if (same) same.push(route)
      else this.#domains.set(route.pattern, [route])
    } else {
      const pattern = parsePattern(route.pattern)
      if ('expected' in pattern) return
      this.#numbers.add(pattern, route)
    }
    this.#size++
  }

  get size(): number {
    return this.#size
  }

  /** By number: the routes of the longest match first. */
  ofNumber(number: string): readonly RouteGroup[] {
    if (this.#size === 0) return none
    return this.#numbers.matchesOf(number).map(({ pattern, values }) => ({ pattern: pattern.text, routes: values }))
  }

  /** By domain: the routes of the longest suffix first. */
  ofDomain(host: string): readonly RouteGroup[] {
    if (this.#domains.size === 0) return none
    return domainsOf(host).flatMap((domain) => {
      const routes = this.#domains.get(domain)
      return routes ? [{ pattern: domain, routes }] : []
    })
  }
}
