/** The saved machine of the fixtures, whose processors work as much as a test says. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programRoot } from '../../../lib/program-root.ts'
import { hostModule } from '../../../subagents/host/index.ts'

/** The saved machine's /proc/stat, as its processors would have it that were so busy for so many seconds more. */
export class Processors {
  readonly #path: string
  #text: string

  constructor(root: string) {
    this.#path = join(root, 'proc/stat')
    this.#text = readFileSync(this.#path, 'latin1')
  }

  work(seconds: number, busyPercent: number): void {
    this.#text = this.#text.replace(/^(cpu\d+ )(.*)$/gm, (_, name: string, fields: string) => {
      const ticks = fields.trim().split(/\s+/).map(Number)
      ticks[0]! += Math.round(seconds * busyPercent) // user, of 100 ticks a second
      ticks[3]! += Math.round(seconds * (100 - busyPercent)) // idle
      return name + ticks.join(' ')
    })
    writeFileSync(this.#path, this.#text)
  }
}

/** A copy in a folder of its own, and the host module that shows it. */
export function savedMachine() {
  const root = mkdtempSync(join(tmpdir(), 'castellan-event-'))
  cpSync(join(programRoot, 'test/fixtures/proc/machine'), root, { recursive: true })
  const statfs = () => ({ ask: () => Promise.resolve({ failure: 'not asked' as const }), stop: () => {} })
  const host = hostModule({ root, packagesFolder: join(root, 'dpkg'), statfs: statfs as never })
  return { root, processors: new Processors(root), host }
}
