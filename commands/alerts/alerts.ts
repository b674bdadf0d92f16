/** castellan alerts test and castellan maintenance: whether alerts reach anybody, and when they shall not. */
import { defineCommand, type Group } from '../../lib/cli/command.ts'
import { exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { spanAsMs } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { printable } from '../../lib/text/escape.ts'
import { orderConsole } from './order.ts'

const test = defineCommand({
  name: 'test',
  summary: 'send a real message to everybody that alerts.cnf names, and print what the other side said',
  example: 'castellan alerts test',
  exitCodes: { 0: 'all took it', 1: 'one did not, or the console does not run' },
  options: {},
  async run({ home }) {
    const said = await orderConsole(home, 'castellan alerts test', ['test'])
    print(`${said.split('\n').map(printable).join('\n')}\n`)
    return /: not sent: /.test(said) ? exitCodes.error : exitCodes.ok
  },
})

export const alertsGroup: Group = {
  name: 'alerts',
  summary: 'messages about incidents: whether they reach anybody',
  commands: [test],
}

export const maintenanceCommand = defineCommand({
  name: 'maintenance',
  operands: '<span>',
  summary: 'tell nobody of incidents for so long, such as 2h; `end` ends it',
  details: 'Incidents are kept all the same. What is still so at its end is told then.',
  example: 'castellan maintenance 2h',
  exitCodes: { 1: 'the console does not run' },
  options: {},
  async run({ home, operands: [span = ''] }) {
    const ms = span === 'end' ? 0 : spanOf(span)
    print(`${await orderConsole(home, `castellan maintenance ${span}`, ['maintenance', String(ms)])}\n`)
    return exitCodes.ok
  },
})

function spanOf(text: string): number {
  try {
    return spanAsMs(text)
  } catch {
    throw new UsageError(`expected a span such as 2h, or end; got ${text}`)
  }
}
