/** getone: asks an agent for these objects. */
import type { Tool } from './tool.ts'
import { instanceNamed } from './varbind.ts'

export const getone: Tool = {
  name: 'getone',
  summary: 'ask an agent for the values of these objects',
  operands: 'OBJECT...',
  example: 'sysUpTime critAppOperStatus.1',
  ask: (manager, objects) => manager.get(objects.map(instanceNamed)),
}
