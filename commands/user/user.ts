/** castellan user: makes, changes, verifies and removes users of SNMPv3. */
import type { Group } from '../../lib/cli/command.ts'
import { userAdd } from './add.ts'
import { userList } from './list.ts'
import { userRemove } from './remove.ts'
import { userRotate } from './rotate.ts'
import { userTest } from './test.ts'

export const userGroup: Group = {
  name: 'user',
  summary: 'users of SNMPv3',
  commands: [userAdd, userRotate, userTest, userList, userRemove],
}
