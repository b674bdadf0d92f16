import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eachName, pieces, readNames, readNamesAsync, readWhole, readWholeAsync } from '../../../lib/proc/file.ts'
import { cutOctets, octetsOf, pathOf, textOf, trimOctets } from '../../../lib/text/octets.ts'
import { Source } from '../../../subagents/host/source.ts'
import { SystemFiles } from '../../../subagents/mib2/files.ts'

/** A file of seq_file with records of some 700 octets: the kernel gives whole ones, so that nearly every read is short. */
const smaps = '/proc/self/smaps'
const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

test('a read of /proc that is shorter than asked for is not the end of the file, for any of its readers', async () => {
  const descriptor = openSync(smaps, 'r')
  const firstRead = readSync(descriptor, Buffer.alloc(4096))
  closeSync(descriptor)
  assert.ok(firstRead < 4096, `the kernel gave ${firstRead} octets, which proves nothing`)
  const readers: Record<string, () => string | Promise<string>> = {
    readWhole: () => readWhole(smaps)!,
    readWholeAsync: async () => (await readWholeAsync(smaps))!,
    pieces: () => Array.from(pieces(smaps), (piece) => piece.toString('latin1')).join(''),
    'Source of host': () => new Source().read(smaps)!,
    'SystemFiles of mib2': () => new SystemFiles().wanted(smaps),
  }
  for (const [name, read] of Object.entries(readers)) {
    const text = await read()
    assert.ok(text.length > 8192, name)
    // The last line of the last mapping.
    assert.match(text, /\nVmFlags: [a-z ]+\n$/, name)
    assert.equal(count(text, /^Size:/gm), count(text, /^VmFlags:/gm), name)
  }
})

test('names come back from a folder in the octets they have, and lead to their files', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-octets-'))
  t.after(() => rm(folder, { recursive: true }))
  const names = ['b\xfcro', octetsOf('büro'), octetsOf('voilà')].sort()
  for (const name of names) {
    mkdirSync(pathOf(`${folder}/${name}`))
    writeFileSync(pathOf(`${folder}/${name}/file`), Buffer.from([0xe9, 0x0a]))
  }
  assert.deepEqual(readNames(folder)!.sort(), names)
  assert.deepEqual([...eachName(folder)].sort(), names)
  assert.deepEqual((await readNamesAsync(folder))!.sort(), names)
  for (const name of names) {
    assert.equal(readWhole(`${folder}/${name}/file`), '\xe9\n')
    assert.equal(await readWholeAsync(`${folder}/${name}/file`), '\xe9\n')
  }
})

test('three answers: what is there, undefined for what is not, an error for what cannot be looked at', async () => {
  assert.equal(readWhole('/proc/self/no-such-file'), undefined)
  assert.equal(await readWholeAsync('/proc/self/no-such-file'), undefined)
  assert.equal(readNames('/proc/0/fd'), undefined)
  // A folder is there and cannot be read as a file, whoever asks.
  assert.throws(() => readWhole('/proc/self'), { code: 'EISDIR' })
  await assert.rejects(readWholeAsync('/proc/self'), { code: 'EISDIR' })
})

test('octets are cut between characters where they are UTF-8, and anywhere where they are not', () => {
  assert.equal(textOf(cutOctets(octetsOf('aéé'), 4)), 'aé')
  assert.equal(cutOctets('\x80\x80\x80\x80\x80\x80', 5).length, 5)
  assert.equal(textOf(trimOctets(octetsOf(' voilà\n'))), 'voilà')
})
