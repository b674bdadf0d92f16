import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownerNamed } from '../../lib/users/owner.ts'

test('owners are found by name and by number, with their own group or another', () => {
  assert.deepEqual(ownerNamed('root'), { uid: 0, gid: 0 })
  assert.deepEqual(ownerNamed('0'), { uid: 0, gid: 0 })
  assert.deepEqual(ownerNamed('root:7'), { uid: 0, gid: 7 })
  assert.deepEqual(ownerNamed('4711:root'), { uid: 4711, gid: 0 })
  assert.equal(ownerNamed('nobody-of-this-name'), undefined)
  assert.equal(ownerNamed('root:no-group-of-this-name'), undefined)
})

test('a group alone is that group with the user of this process; half an owner or none is refused', () => {
  assert.deepEqual(ownerNamed(':7'), { uid: process.geteuid?.(), gid: 7 })
  assert.deepEqual(ownerNamed(':root'), { uid: process.geteuid?.(), gid: 0 })
  for (const text of ['', ':', 'root:', ':no-group-of-this-name']) assert.equal(ownerNamed(text), undefined, text)
})
