/** Every message of the command line and of configuration files stands in a test with its trigger, and says what to do. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { shippedSources } from '../support/imports.ts'
import { placeholder, type SourceString, stringsOf } from '../support/source-strings.ts'
import { notListed } from './messages-not-listed.ts'

interface Message extends SourceString {
  readonly file: string
}

/** What ends a command or refuses a file with the text that it is given. */
const refusals =
  /^(?:new (?:UsageError|CommandFailure|RefusedError|HomeError)|(?:reader\.)?complain|(?:report|reader)\.(?:error|refuse|warn))$/
/** Where any error reaches the operator as it is. */
const commandFiles = /^(?:commands|lib\/cli|lib\/home|sipd\/control)\//
/** Where `wrong` refuses arguments. */
const argumentFiles = /^sipd\/log\/rotatelogs\//

const messages = shippedSources().flatMap((file) =>
  stringsOf(readFileSync(join(programRoot, file), 'utf8')).flatMap((one) =>
    isMessage(file, one) ? [{ ...one, file }] : [],
  ),
)

function isMessage(file: string, { text, kind, callee = '', key }: SourceString): boolean {
  // A word by itself is a column or a key, and what begins with `bug:` is for us.
  if (kind !== 'string' || !/[a-z] [a-z(<"-]/i.test(text) || text.startsWith('bug:')) return false
  if (refusals.test(callee) || key === 'expected') return true
  return (callee === 'new Error' && commandFiles.test(file)) || (callee === 'wrong' && argumentFiles.test(file))
}

const shown = ({ text }: SourceString): string => text.replaceAll(placeholder, '...')
const place = (message: Message): string => `${message.file}:${message.line}: ${shown(message)}`

const texts = testTexts()

test('every message of the command line and of configuration files is expected whole by a test', () => {
  const missing = messages.filter((message) => !isListed(message, texts) && !(shown(message) in notListed))
  assert.deepEqual(missing.map(place), [])
})

/** What to do, or at least what is allowed or expected. */
const advice =
  /;|\b(?:expected|must|needs?|allowed|only|at most|use|run|see|add|remove|check|choose|name|write|set|leave|stop|did you mean)\b/i
/** They end with the reason that the system gave, or consist of another message. */
const endsWithReason = new RegExp(`(?:: |${placeholder} )${placeholder}$`)

test('no message says only what is wrong', () => {
  const without = messages.filter(
    ({ key, text }) => key !== 'expected' && !advice.test(text) && !endsWithReason.test(text),
  )
  assert.deepEqual(without.map(place), [])
})

test('what is excused from being listed exists, and stands in no test', () => {
  for (const text of Object.keys(notListed)) {
    const message = messages.find((one) => shown(one) === text)
    assert.ok(message, `no such message: ${text}`)
    assert.ok(!isListed(message, texts), `a test has it: ${text}`)
  }
})

test('a template is listed where all of its words stand in one text, in their order', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
  const [message] = stringsOf('complain(`user ${name} has ${count} keys`)')
  assert.ok(message)
  assert.ok(isListed(message, ['x: user ann has 3 keys']))
  assert.ok(!isListed(message, ['user ann has none', 'ann has 3 keys']))
})

/** Whether one of the texts has all of it but what is put in. */
function isListed({ text }: SourceString, texts: readonly string[]): boolean {
  const parts = text.split(placeholder).map((part) => part.trim())
  return texts.some((candidate) => {
    let at = 0
    for (const part of parts) {
      at = candidate.indexOf(part, at)
      if (at < 0) return false
      at += part.length
    }
    return true
  })
}

/** What tests expect, regular expressions without their backslashes. */
function testTexts(): string[] {
  const folder = join(programRoot, 'test')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('house/'))
    .flatMap((name) => stringsOf(readFileSync(join(folder, name), 'utf8')))
    .map(({ kind, text }) => (kind === 'regex' ? text.replace(/\\(.)/g, '$1') : text))
    .filter((text) => text.length > 8)
}
