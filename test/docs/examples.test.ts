import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { programRoot } from '../../lib/program-root.ts'
import { namespaceMissing } from '../support/network-namespace.ts'
import { Machine, type Printed } from './machine.ts'
import { notRun } from './not-run.ts'
import { type Example, examplesOf, type Page, pages, picture } from './pages.ts'
import { pictureOf } from './picture.ts'
import { isShown, linesOf } from './shown.ts'

/** Commands that change nothing, and so may be asked again until what was set going before has come about. */
const reads =
  /^(?:timeout \d+ )?(?:getone|getmany|snmpget|snmpwalk|cat|tail|grep|ls|castellan (?:apps(?: list)?|status|events(?: list)?|logs list|targets|history|notifications|user list)|sip (?:status|registrations|calls|ping)|utils disaster_recovery (?:status|history))\b[^|;&]*(?:\|[^;&]*)?$/

/** A job of backups still runs; the command has done nothing yet. */
const asksToWait = /wait for its end/

/** With this variable, pages get what their commands print now. */
const isUpdate = process.env.CASTELLAN_UPDATE_PAGES === '1'

// Examples mostly wait, and each machine is alone.
describe('examples', { concurrency: 3, skip: namespaceMissing() ?? false }, () => {
  for (const page of [picture, ...pages]) {
    const examples = examplesOf(page).filter(({ command }) => !notRun.some((one) => one.command.test(command)))
    if (examples.length > 0) test(`the commands of ${page.name} do what the page shows`, () => tryOut(page, examples))
  }
})

async function tryOut(page: Page, examples: readonly Example[]): Promise<void> {
  const machine = await Machine.create()
  const found: { readonly example: Example; readonly printed: Printed }[] = []
  try {
    const isStarted = examples.some(({ command }) => /^castellan (?:start|init)\b/m.test(command))
    if (!isStarted) await machine.run('castellan start --detach')
    for (const example of examples) found.push({ example, printed: await run(machine, example) })
  } finally {
    await machine.stop()
  }
  const wrong = found.filter(({ example, printed }) => !isAsShown(example, printed))
  if (isUpdate) update(page, wrong)
  else assert.equal(wrong.map(complaint).join('\n\n'), '')
}

async function run(machine: Machine, example: Example): Promise<Printed> {
  const end = Date.now() + 15_000
  for (;;) {
    const printed = await machine.run(example.command)
    const mayRepeat = reads.test(example.command) || asksToWait.test(printed.text)
    if (isAsShown(example, printed) || !mayRepeat || Date.now() > end) return printed
    await setTimeout(200)
  }
}

function isAsShown({ output, mayFail }: Example, { code, text }: Printed): boolean {
  return (code === 0 || mayFail === true) && (output === undefined || isShown(output, linesOf(text)))
}

function complaint({ example, printed }: { example: Example; printed: Printed }): string {
  const { page, line, command, output } = example
  const shown = output === undefined ? [] : ['shown:', ...output]
  return [
    `${page}:${line}: ${command}`,
    ...shown,
    `printed, with exit code ${printed.code}:`,
    ...linesOf(printed.text),
  ].join('\n')
}

/** From the last example to the first, so that the lines before it stay where they are. */
function update(
  { name, text }: Page,
  wrong: readonly { readonly example: Example; readonly printed: Printed }[],
): void {
  const lines = text.split('\n')
  for (const { example, printed } of wrong.toReversed()) {
    const after = example.line - 1 + example.command.split('\n').length
    if (example.output) lines.splice(after, example.output.length, ...linesOf(printed.text))
    else console.error(complaint({ example, printed }))
  }
  const isPicture = name === picture.name
  writeFileSync(join(programRoot, name), isPicture ? pictureOf(lines.slice(1, -2)) : lines.join('\n'))
}
