/** How a .cnf file writes octets and text, and what of it a change leaves as it was. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { formatComplaint } from '../../lib/cnf/complaint.ts'
import { lex, quote } from '../../lib/cnf/lex.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import { column, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import { enumeration, integer32, octetString, text, textOctets } from '../../lib/mib/syntax.ts'
import { octetsOfText, textOfOctets } from '../../lib/text/lossless-text.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnf-octets-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const doorTable = defineTable({
  name: 'doorTable',
  oid: '1.3.6.1.4.1.32473.99.10',
  index: { doorIndex: column(1, integer32(1, 100), 'not-accessible') },
  columns: {
    doorMask: column(2, octetString(0, 16), 'read-create', { defaultValue: new Uint8Array(0) }),
    doorWord: column(3, textOctets(0, 40), 'read-create', { defaultValue: new Uint8Array(0) }),
    doorName: column(4, text(0, 40), 'read-create', { defaultValue: '' }),
    doorModel: column(5, enumeration({ any: 0, wood: 1 }), 'read-create', { defaultValue: 'wood' }),
  },
  cnf: ['doorIndex', 'doorMask', 'doorWord', 'doorName', 'doorModel'],
})

const none = new Uint8Array(0)
const path = (): string => join(folder, 'door.cnf')

async function doors(content: string | Uint8Array) {
  await writeFile(path(), content)
  const { table, handlers } = serve(doorTable)
  const file = new ConfigFile([anyServing({ handlers, table } as never)], {
    ...{ path: path(), overlayPath: join(folder, 'overlay.cnf') },
  })
  const complaints = (await file.load()).map(formatComplaint)
  const rename = async (doorIndex: number, doorName: string): Promise<string> => {
    const before = table.get({ doorIndex })
    const after = { doorMask: none, doorWord: none, doorModel: 'wood', ...before, doorIndex, doorName }
    await file.persist([{ definition: table.definition, before, after }])
    return readFile(path(), 'latin1')
  }
  return { table, complaints, rename, row: (doorIndex = 1) => table.get({ doorIndex }) }
}

test('a column of octets is hexadecimal alone, one octet too, in each way that people write it', async () => {
  const { complaints, table } = await doors(
    ['fd', 'FD:a0', 'fda0', '0xfda0', '-', '41:42'].map((mask, i) => `doorEntry ${i + 1} ${mask} -\n`).join(''),
  )
  assert.deepEqual(complaints, [])
  assert.deepEqual(
    [...table.rows()].map(({ doorMask }) => Buffer.from(doorMask).toString('hex')),
    ['fd', 'fda0', 'fda0', 'fda0', '', '4142'],
  )
})

test('what is no hexadecimal in a column of octets is refused with its place', async () => {
  const { complaints } = await doors('doorEntry 1 zz -\ndoorEntry 2 f -\ndoorEntry 3 "a:b" -\ndoorEntry 4 mask -\n')
  assert.deepEqual(
    complaints,
    ['1:13 "zz"', '2:13 "f"', '3:13 "a:b"', '4:13 "mask"'].map((one) => {
      const [at, word] = one.split(' ')
      return `door.cnf:${at}: doorMask must be 0 to 16 octets in hexadecimal such as f0:80, got ${word}`
    }),
  )
})

test('octets that mostly are text are hexadecimal only from two on and without quotes, as earlier versions wrote them', async () => {
  const { complaints, table } = await doors(
    ['fd', 'ff:fe', '"ff:fe"', '"\\x{fd}"', '42u', '0xfd', '"\\x{c3}\\x{a9}"', 'ff:fe:zz', '-']
      .map((word, i) => `doorEntry ${i + 1} - ${word}\n`)
      .join(''),
  )
  assert.deepEqual(complaints, [])
  assert.deepEqual(
    [...table.rows()].map(({ doorWord }) => Buffer.from(doorWord).toString('latin1')),
    ['fd', '\xff\xfe', 'ff:fe', '\xfd', '42u', '0xfd', '\xc3\xa9', 'ff:fe:zz', ''],
  )
})

test('a text of digits and u keeps its u, and a number does without', async () => {
  const { complaints, row } = await doors('doorEntry 42u - 42u 42u 1u\n')
  assert.deepEqual(complaints, [])
  assert.equal(row(42)?.doorName, '42u')
  assert.equal(row(42)?.doorModel, 'wood')
})

test('an empty field is no number, and a label whose number is another is no label', async () => {
  const { complaints } = await doors('doorEntry 1 - - - -\ndoorEntry 2 - - - wood(0)\n')
  assert.deepEqual(complaints, [
    'door.cnf:1:19: doorModel must be any(0) or wood(1), got ""',
    'door.cnf:2:19: doorModel must be any(0) or wood(1), got "wood(0)"',
  ])
})

test('octets that are no UTF-8 are refused in a text with their place, and are what they are among octets', async () => {
  const { complaints } = await doors(Buffer.from('# B\xfcro\ndoorEntry 1 - - B\xfcro\n', 'latin1'))
  assert.deepEqual(complaints, ['door.cnf:2:17: doorName must be text of 0 to 40 octets in UTF-8, got "B\\x{fc}ro"'])
  const { row } = await doors(Buffer.from('doorEntry 1 - B\xfcro caf\xc3\xa9\n', 'latin1'))
  assert.equal(Buffer.from(row()!.doorWord).toString('latin1'), 'B\xfcro')
  assert.equal(row()!.doorName, 'café')
})

test('a change leaves every other octet of the file alone: comments in ISO-8859-1, a byte order mark, CRLF', async () => {
  const { complaints, rename } = await doors(
    Buffer.from(
      '\xef\xbb\xbfdoorEntry 1 - - old\r\n# B\xfcro \xff\xfe\x00 ok\r\ndoorEntry 2 - B\xfcro two\r\n',
      'latin1',
    ),
  )
  assert.deepEqual(complaints, [])
  assert.equal(
    await rename(1, 'new'),
    '\xef\xbb\xbfdoorEntry 1 - - new wood\r\n# B\xfcro \xff\xfe\x00 ok\r\ndoorEntry 2 - B\xfcro two\r\n',
  )
  assert.equal(
    await rename(3, 'three'),
    '\xef\xbb\xbfdoorEntry 1 - - new wood\r\n# B\xfcro \xff\xfe\x00 ok\r\ndoorEntry 2 - B\xfcro two\r\ndoorEntry 3 - - three wood\r\n',
  )
})

test('a byte order mark is no part of the first word, nor of its place', async () => {
  assert.deepEqual((await doors('\ufeffdoorEntry 1 - -\n')).complaints, [])
  assert.deepEqual((await doors('\ufeffdoorEntry 300 - -\n')).complaints, [
    'door.cnf:1:11: doorIndex must be a number within 1 to 100, got "300"',
  ])
})

test('a file in UTF-16 is refused in one sentence, and NUL octets with their place', async () => {
  assert.deepEqual((await doors(Buffer.from('\ufeffdoorEntry 1 - -\n', 'utf16le'))).complaints, [
    'door.cnf:1:1: the file is in UTF-16; save it as UTF-8',
  ])
  const nul = 'a NUL octet has no place in this file; a value that has one is written "\\u{0}"'
  assert.deepEqual((await doors('doorEntry 1 - a\0 "b\0"\ndoorEntry 2 - "\\u{0}"\n')).complaints, [
    `door.cnf:1:15: ${nul}`,
    `door.cnf:1:18: ${nul}`,
  ])
})

test('a line that is added does not continue one that ends in a backslash', async () => {
  const { complaints, rename } = await doors('doorEntry 1 - - one \\\n')
  assert.deepEqual(complaints, [])
  await rename(2, 'two')
  const again = await doors(await readFile(path()))
  assert.deepEqual([again.complaints, again.row(1)?.doorName, again.row(2)?.doorName], [[], 'one', 'two'])
})

test('an empty field at the end stays where its default is another', async () => {
  const named = defineTable({
    name: 'gateTable',
    oid: '1.3.6.1.4.1.32473.99.11',
    index: { gateIndex: column(1, integer32(1, 100), 'not-accessible') },
    columns: { gateName: column(2, text(0, 40), 'read-create', { defaultValue: 'gate' }) },
    cnf: ['gateIndex', 'gateName'],
  })
  const open = async () => {
    const { table, handlers } = serve(named)
    const file = new ConfigFile([anyServing({ handlers, table } as never)], {
      ...{ path: path(), overlayPath: join(folder, 'overlay.cnf') },
    })
    assert.deepEqual(await file.load(), [])
    return { table, file }
  }
  await writeFile(path(), '')
  const { table, file } = await open()
  await file.persist([{ definition: table.definition, before: undefined, after: { gateIndex: 1, gateName: '' } }])
  assert.equal((await open()).table.get({ gateIndex: 1 })?.gateName, '')
})

test('any octets become text and the same octets again, and what is UTF-8 its characters', () => {
  const some = fc.oneof(
    fc.uint8Array(),
    fc.string({ unit: 'binary' }).map((one) => Buffer.from(one)),
  )
  fc.assert(
    fc.property(fc.array(some), (parts) => {
      const octets = Buffer.concat(parts)
      assert.deepEqual(Buffer.from(octetsOfText(textOfOctets(octets))), octets)
    }),
  )
  assert.equal(textOfOctets(Buffer.from('\ufeffé€😀')), '\ufeffé€😀')
  assert.equal(textOfOctets(Buffer.from('\xc3\xa9\xfc', 'latin1')), 'é\udcfc')
})

test('whatever octets are quoted are read back the same', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { minLength: 1 }), (words) => {
      const line = textOfOctets(octetsOfText(words.map((word) => quote(textOfOctets(word))).join(' ')))
      assert.deepEqual(
        lex(line, 'x.cnf').lines[0]?.tokens.map((token) => Buffer.from(octetsOfText(token.text)).toString('hex')),
        words.map((word) => Buffer.from(word).toString('hex')),
      )
    }),
  )
})
