/** castellan events test: what other thresholds would have told of samples that were kept. */
import { usesColour } from '../../lib/cli/colour.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json, parsed, text } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { tryEvents } from './trial.ts'
import { formatTrial, trialToJson } from './trial-text.ts'

export const eventsTest = defineCommand({
  name: 'test',
  operands: '[name...]',
  summary: 'replay recorded samples through the rows of a file, all that are on or these: what would have fired',
  example: 'castellan events test --since 7d --file draft.cnf cpu',
  exitCodes: { 0: 'done, whether or not something would have fired', 1: 'the file or the samples cannot be read' },
  options: {
    file: text('--file <file>', 'rows as in eventagt.cnf, to be tried before they are in force'),
    samples: text('--samples <file>', "other samples than the home's: time,object,value as CSV, or a ring"),
    since: parsed('--since <time>', 'only samples since 2026-01-02T03:04:05Z, or for so long: 90m, 12h, 7d', timeOf),
    json,
  },
  async run({ home, operands, options }) {
    const { file, samples, since } = options
    const trial = await tryEvents(home, { names: operands, file, samples, sinceMs: since })
    show(trialToJson(trial), options.json, () => formatTrial(trial, usesColour()))
    return exitCodes.ok
  },
})

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function timeOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const unitMs = unitsMs[unit]
  const timeMs = unitMs === undefined ? Date.parse(text) : Date.now() - Number(amount) * unitMs
  if (Number.isNaN(timeMs)) throw new Error('expected a time such as 2026-01-02T03:04:05Z, or 90m, 12h, 7d')
  return timeMs
}
