/** Pages and MIB modules speak plainly: short sentences, and none of the words that were replaced. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { directivePages } from '../../sipd/config/document.ts'
import { replacedWords } from '../house/plain-words.ts'
import { type Page, pages, paragraphsOf } from './pages.ts'

/** Words of an average sentence must be fewer. */
const budget = 20

const mibs: readonly Page[] = readdirSync(join(programRoot, 'mibs')).map((file) => {
  const text = readFileSync(join(programRoot, 'mibs', file), 'utf8')
  const descriptions = [...text.matchAll(/DESCRIPTION\s+"([^"]*)"/g)].map(([, description = '']) => description)
  return { name: `mibs/${file}`, text: descriptions.join('\n\n') }
})

describe('pages', () => {
  for (const page of pages)
    test(`${page.name} begins with a paragraph for somebody who has never seen the part`, () => {
      const [first = ''] = page.text.replace(/^# .*\n+/, '').split(/\n\s*\n/)
      assert.ok(!/^(?:[|#-]|```)/.test(first), 'a table, list or block of code comes first')
      assert.ok(wordsOf(first) >= 20, `too short: ${first}`)
    })
})

for (const page of [...pages, ...mibs]) {
  test(`an average sentence of ${page.name} has fewer than ${budget} words`, () => {
    const sentences = paragraphsOf(page.text).flatMap(sentencesOf)
    const words = sentences.map(wordsOf).reduce((sum, count) => sum + count, 0)
    const average = words / sentences.length
    const longest = sentences.toSorted((a, b) => wordsOf(b) - wordsOf(a)).slice(0, 5)
    assert.ok(average < budget, `${average.toFixed(1)} words; the longest are:\n${longest.join('\n')}`)
  })

  if (!isMadeFromSources(page))
    test(`${page.name} has none of the words that were replaced`, () => {
      const found = page.text
        .split('\n')
        .flatMap((line, index) =>
          replacedWords
            .filter(({ not }) => not.test(line))
            .map(({ say }) => `${page.name}:${index + 1}: ${line.trim()}; say ${say}`),
        )
      assert.deepEqual(found, [])
    })
}

/** Their sentences are the help texts of directives. */
function isMadeFromSources({ name }: Page): boolean {
  return Object.values(directivePages).some((file) => name === `docs/${file}`)
}

function sentencesOf(paragraph: string): readonly string[] {
  const text = paragraph.replace(/`[^`]*`/g, 'X').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return text.split(/(?<=[.!?:])[\s)*]+(?=\S)/).filter((sentence) => wordsOf(sentence) > 0)
}

function wordsOf(text: string): number {
  return text.match(/[A-Za-z0-9][\w'./-]*/g)?.length ?? 0
}
