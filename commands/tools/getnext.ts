/** getnext: asks an agent for the objects after these. */
import type { Tool } from './tool.ts'
import { objectNamed } from './varbind.ts'

export const getnext: Tool = {
  name: 'getnext',
  summary: 'ask an agent for the objects that follow these',
  operands: 'OBJECT...',
  example: 'ifIndex',
  ask: (manager, objects) => manager.getNext(objects.map(objectNamed)),
}
