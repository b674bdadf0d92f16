/** Cases of what check finds: the word it points at, and what it says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Home } from '../../lib/home/home.ts'
import { complaintsOf, withFile } from './check-home.ts'

/** What is changed in a shipped file, and the complaints in the order they come. */
export interface Case {
  /** Lines that are added at the end. */
  readonly add?: string
  /** Words of the file that become others. */
  readonly replace?: readonly (readonly [string, string])[]
  /** For each complaint the word that it points at, and how it begins; `line +0` is the first added line. */
  readonly expect: readonly (readonly [word: string, beginning: string])[]
}

/** One test for each; all complaints must be about this file. */
export function cases(homeOf: () => Home, file: string, all: Readonly<Record<string, Case>>): void {
  for (const [name, { add, replace = [], expect }] of Object.entries(all)) {
    test(name, async () => {
      let text = ''
      const edit = (shipped: string): string => {
        text = shipped
        for (const [from, to] of replace) {
          assert.ok(text.includes(from), `${file} has no ${from}`)
          text = text.replace(from, to)
        }
        return add === undefined ? text : `${text}${add}\n`
      }
      const found = await withFile(homeOf(), file, edit, () => complaintsOf(homeOf()))
      const lines = `${text}${add}\n`.split('\n')
      const said = found.map((complaint) => {
        const [, name, line, column, message] = /^(\S+):(\d+):(\d+): (.*)$/.exec(complaint)!
        const rest = name === file.split('/')[1] ? lines[Number(line) - 1]!.slice(Number(column) - 1) : String(name)
        // Lines of the shipped part are numbered otherwise tomorrow.
        const said = message!.replace(/line (\d+)/, (_, at: string) => `line +${Number(at) - text.split('\n').length}`)
        return { rest, message: said }
      })
      assert.equal(said.length, expect.length, found.join('\n'))
      for (const [i, [word, beginning]] of expect.entries()) {
        const { rest, message } = said[i]!
        assert.ok(
          `${rest} `.startsWith(`${word} `) && message.startsWith(beginning),
          `${found[i]}\n${word}: ${beginning}`,
        )
      }
    })
  }
}
