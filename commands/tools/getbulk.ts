/** getbulk: asks an agent for many objects at once (RFC 3416 §4.2.3). */
import { UsageError } from '../../lib/cli/exit-codes.ts'
import type { Tool } from './tool.ts'
import { objectNamed } from './varbind.ts'

export const getbulk: Tool = {
  name: 'getbulk',
  summary: 'ask an agent for many objects that follow these, in one answer',
  operands: 'NON-REPEATERS MAX-REPETITIONS OBJECT...',
  example: '1 10 sysUpTime ifTable',
  ask(manager, [nonRepeaters = '', maxRepetitions = '', ...objects]) {
    const isNumber = (text: string): boolean => /^\d+$/.test(text)
    if (!isNumber(nonRepeaters) || !isNumber(maxRepetitions) || objects.length === 0)
      throw new UsageError('expected two numbers and objects')
    return manager.getBulk(objects.map(objectNamed), Number(nonRepeaters), Number(maxRepetitions))
  },
}
