/** The links of the last sample, for those who know a link by its name and need its ifIndex. */
import { type Octets, octetsOf, textOf } from '../../lib/text/octets.ts'
import type { Link } from './links.ts'
import type { Work } from './sampler.ts'

export class Links {
  readonly #reader: { read(work?: Work): Promise<readonly Link[]> }
  #all: readonly Link[] = []
  #byName: ReadonlyMap<Octets, Link> = new Map()
  #byIndex: ReadonlyMap<number, Link> = new Map()

  constructor(reader: { read(work?: Work): Promise<readonly Link[]> }) {
    this.#reader = reader
  }

  async read(work?: Work): Promise<readonly Link[]> {
    this.#all = await this.#reader.read(work)
    this.#byName = new Map(this.#all.map((link) => [link.name, link]))
    this.#byIndex = new Map(this.#all.map((link) => [link.index, link]))
    return this.#all
  }

  get all(): readonly Link[] {
    return this.#all
  }

  /** 0 for a link that the last sample did not have. */
  indexOf(name: Octets): number {
    return this.#byName.get(name)?.index ?? 0
  }

  /** Empty for an index that the last sample did not have. */
  nameOf(ifIndex: number): Octets {
    return this.#byIndex.get(ifIndex)?.name ?? ''
  }

  /** The link's name where others give it as text, in which octets that are no UTF-8 have become U+FFFD. */
  named(text: string): Octets {
    return text.includes('\ufffd') ? (this.#all.find(({ name }) => textOf(name) === text)?.name ?? '') : octetsOf(text)
  }
}
