/** setany: sets objects of an agent, all of them or none. */
import { UsageError } from '../../lib/cli/exit-codes.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import type { Tool } from './tool.ts'
import { assignment } from './varbind.ts'

export const setany: Tool = {
  name: 'setany',
  summary: 'set objects of an agent, all of them or none',
  operands: 'OBJECT VALUE [OBJECT VALUE]...',
  example: 'critAppAdminStatus.1 down',
  ask(manager, words) {
    const varbinds: Varbind[] = []
    for (let i = 0; i < words.length; i += 2) {
      const [object = '', value] = words.slice(i)
      if (value === undefined) throw new UsageError('every OBJECT needs a VALUE')
      varbinds.push(assignment(object, value))
    }
    return manager.set(varbinds)
  },
}
