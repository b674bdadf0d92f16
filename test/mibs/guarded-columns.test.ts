import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Vacm } from '../../agent/access/vacm.ts'
import { vacmViewTreeFamilyTable } from '../../agent/internal/access-tables.ts'
import { declaredDefinitions } from '../../catalogue.ts'
import { openConfiguration } from '../../commands/agent/configuration.ts'
import type { BoundColumn } from '../../lib/mib/declare.ts'
import { isGuarded } from '../../lib/mib/guarded.ts'
import { formatOid, startsWith } from '../../lib/smi/oid.ts'
import { newHome, withFile } from '../support/check-home.ts'

const columns: readonly BoundColumn[] = declaredDefinitions.flatMap(({ readable }) => readable)
const guarded = columns.filter(isGuarded)
const namesIn = (vacm: Vacm, viewName: string): string[] =>
  guarded.filter((column) => vacm.viewNamed(viewName)?.decide(column) !== 'out').map(({ name }) => name)
/** A home of before any column was kept out of `read`: the whole tree, and nothing excluded but who may do what. */
const asOfBefore = (text: string): string =>
  text.replace(/^vacmViewTreeFamilyEntry read .*RunParameters - excluded.*\n/gm, '')
const rightsOf = async (home: Awaited<ReturnType<typeof newHome>>): Promise<Vacm> =>
  (await openConfiguration(home)).internal.vacm()

test('a column whose name speaks of commands, arguments, lines, keys or contents says whether it is kept from readers', () => {
  const telling =
    /Command|Argument|Parameters|Source|LastMatch|Password|Secret|Key|Line|Tail|Result|Output|Environ|Contents|Error|Reason|RegExp|Pattern/
  const undecided = columns.filter(
    ({ name, syntax, command, contents, secret }) =>
      telling.test(name) && syntax.base === 'OctetString' && !secret && !command && contents === undefined,
  )
  assert.deepEqual(
    undecided.filter(({ syntax }) => syntax.name !== 'DateAndTime').map(({ name }) => name),
    [],
    'declare each with contents: true or false',
  )
})

test('what holds commands, arguments, command lines, log lines or notifications is guarded', () => {
  const names = new Set(guarded.map(({ name }) => name))
  for (const name of [
    ...['critAppStartCommand', 'critAppHealthTarget', 'siLogMatchCommand', 'smScriptSource', 'scriptCommand'],
    ...['smScriptError', 'siLogRegExp'],
    ...['smLaunchArgument', 'smRunArgument', 'siLogLastMatch', 'siLogTail', 'nlmLogVariableOctetStringVal'],
    ...['hrSWRunParameters', 'sysApplElmtRunParameters', 'sysApplElmtPastRunParameters'],
  ])
    assert.ok(names.has(name), name)
})

test('no guarded column of any table is in read or operate, in a new home as in one of before', async () => {
  const home = await newHome()
  for (const edit of [(text: string) => text, asOfBefore])
    await withFile(home, 'agent/snmpd.cnf', edit, async () => {
      const vacm = await rightsOf(home)
      for (const view of ['read', 'operate']) assert.deepEqual(namesIn(vacm, view), [], view)
      assert.deepEqual(namesIn(vacm, 'admin').length, guarded.length)
    })
})

test('what is kept out of a view is a readOnly row of vacmViewTreeFamilyTable', async () => {
  const home = await newHome()
  const rows = (await openConfiguration(home)).rows(vacmViewTreeFamilyTable)
  const excluded = rows.filter(
    (row) => row.vacmViewTreeFamilyViewName === 'read' && row.vacmViewTreeFamilyStorageType === 'readOnly',
  )
  assert.ok(excluded.every((row) => row.vacmViewTreeFamilyType === 'excluded'))
  for (const { name, oid } of guarded)
    assert.ok(
      excluded.some(({ vacmViewTreeFamilySubtree: subtree }) => startsWith(oid, subtree)),
      name,
    )
})

test('a line that includes a guarded column by its own name puts it in, and one that includes its table does not', async () => {
  const home = await newHome()
  const lines = (subtree: string) => (text: string) =>
    `${text}vacmViewTreeFamilyEntry read ${subtree} - included nonVolatile\n`
  await withFile(home, 'agent/snmpd.cnf', lines('siLogLastMatch'), async () => {
    assert.deepEqual(namesIn(await rightsOf(home), 'read'), ['siLogLastMatch'])
  })
  await withFile(home, 'agent/snmpd.cnf', lines('siLogTable'), async () => {
    assert.deepEqual(namesIn(await rightsOf(home), 'read'), [])
  })
})

test('a name that includes a guarded column stands for it alone: numbers say the same', async () => {
  const home = await newHome()
  const { oid } = guarded.find(({ name }) => name === 'siLogLastMatch')!
  const line = `vacmViewTreeFamilyEntry read ${formatOid(oid)} - included nonVolatile\n`
  await withFile(
    home,
    'agent/snmpd.cnf',
    (text) => text + line,
    async () => assert.deepEqual(namesIn(await rightsOf(home), 'read'), ['siLogLastMatch']),
  )
})
