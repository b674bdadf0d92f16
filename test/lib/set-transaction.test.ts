import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import type { SetPart } from '../../lib/mib/backend.ts'
import { column, defineScalars } from '../../lib/mib/declare.ts'
import { serve } from '../../lib/mib/module.ts'
import { Registry } from '../../lib/mib/registry.ts'
import { SetTransaction } from '../../lib/mib/set-transaction.ts'
import { integer32 } from '../../lib/mib/syntax.ts'

const scalars = defineScalars({
  name: 'bolts',
  oid: '1.3.6.1.4.1.32473.99.12',
  objects: { bolt: column(1, integer32(), 'read-write') },
})

/** A SET whose commit fails and is undone so. */
async function failedSet(undo: SetPart['undo']): Promise<SetTransaction> {
  const { table } = serve(scalars)
  table.put({ bolt: 1 })
  const part: SetPart = {
    test: () => undefined,
    commit: async () => ({ status: 'commitFailed', position: 1 }),
    undo,
    finish: () => {},
  }
  const registry = new Registry()
  registry.register({ name: 'bolts', objects: table.objects, prepareSet: () => part })
  const name = [...scalars.columns.bolt.oid, 0]
  const set = new SetTransaction(registry, silentLog, [{ name, value: { type: 'Integer32', value: 2 }, position: 1 }])
  assert.equal(await set.test(), undefined)
  return set
}

test('a subagent whose commit could not be undone says undoFailed to UndoSet too (RFC 2741 §7.2.4.3)', async () => {
  const set = await failedSet(async () => false)
  assert.deepEqual(await set.commit(), { status: 'undoFailed', position: 0 })
  assert.equal(await set.undo(), false)
})

test('a subagent whose commit was undone says so to UndoSet, and undoes nothing twice', async () => {
  let undone = 0
  const set = await failedSet(async () => ++undone > 0)
  assert.deepEqual(await set.commit(), { status: 'commitFailed', position: 1 })
  assert.equal(await set.undo(), true)
  assert.equal(undone, 1)
})
