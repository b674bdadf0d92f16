/** getmany: walks an agent below these objects. */
import type { Varbind } from '../../lib/smi/value.ts'
import type { Manager } from '../../snmp/manager/manager.ts'
import type { Tool } from './tool.ts'
import { objectNamed } from './varbind.ts'

export const getmany: Tool = {
  name: 'getmany',
  summary: 'ask an agent for all that it has below these objects',
  operands: 'OBJECT...',
  example: 'critAppProcTable',
  ask: walkAll,
}

async function* walkAll(manager: Manager, objects: readonly string[]): AsyncGenerator<Varbind> {
  for (const root of objects.map(objectNamed)) yield* manager.walk(root)
}
