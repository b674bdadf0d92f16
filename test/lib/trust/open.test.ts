import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Folder, inFolderSync } from '../../../lib/trust/folder.ts'
import {
  type Access,
  makeInSync,
  openIn,
  openInSync,
  openToAppendSync,
  openToRead,
  openToReadSync,
} from '../../../lib/trust/open.ts'
import { type RefusalKind, RefusedPathError } from '../../../lib/trust/refused-path.ts'
import { agentUid, makeFolderOf, onlyRoot, openDescriptors, ownFolder, sipdUid } from '../../support/other-owner.ts'

const root = ownFolder()
const secret = join(root, 'secret')
writeFileSync(secret, 'of root alone\n', { mode: 0o600 })
const theirs = (name: string): string => join(root, 'sipd', name)
if (process.getuid?.() === 0) makeFolderOf(sipdUid, join(root, 'sipd'))

const accesses: readonly Access[] = ['read', 'append', 'readWrite']

/** Every way to open a file refuses this one, for this reason; nothing stays open, and the file of root is what it was. */
async function assertRefused(name: string, kind: RefusalKind, reason: RegExp): Promise<void> {
  const path = theirs(name)
  const before = openDescriptors()
  const isRefused = (error: unknown): boolean => {
    assert.ok(error instanceof RefusedPathError, String(error))
    assert.deepEqual([error.kind, error.component], [kind, path])
    assert.match(error.message, reason)
    assert.ok(error.message.startsWith(path), error.message)
    return true
  }
  for (const access of accesses)
    inFolderSync(join(root, 'sipd'), (folder) => assert.throws(() => openInSync(folder, name, access), isRefused))
  const folder = await Folder.open(join(root, 'sipd'))
  for (const access of accesses) await assert.rejects(openIn(folder, name, access), isRefused)
  folder.close()
  assert.throws(() => openToReadSync(path), isRefused)
  assert.throws(() => openToAppendSync(path), isRefused)
  await assert.rejects(openToRead(path), isRefused)
  assert.deepEqual(openDescriptors(), before)
  assert.equal(readFileSync(secret, 'utf8'), 'of root alone\n')
}

test('in a folder of another user no link in the place of a file is followed', onlyRoot, async () => {
  symlinkSync(secret, theirs('link'))
  await assertRefused('link', 'link', /is a symbolic link, which is not followed; it must be a regular file/)
})

test('in a folder of another user a second name of a file is refused', onlyRoot, async () => {
  linkSync(secret, theirs('second-name'))
  await assertRefused('second-name', 'hardLink', /has 2 names \(hard links\)/)
})

test(
  'in a folder of root that a group may write a second name of a file is refused, whosever the file is',
  onlyRoot,
  async () => {
    const folder = join(root, 'of-a-group')
    mkdirSync(folder)
    chownSync(folder, 0, sipdUid)
    for (const mode of [0o770, 0o777, 0o1777]) {
      chmodSync(folder, mode)
      for (const owner of [0, agentUid, sipdUid]) {
        const file = join(root, `of-${owner}`)
        writeFileSync(file, 'a line\n', { mode: 0o600 })
        chownSync(file, owner, owner)
        const name = join(folder, `${mode}-${owner}`)
        linkSync(file, name)
        const isRefused = (error: unknown): boolean => error instanceof RefusedPathError && error.kind === 'hardLink'
        assert.throws(() => openToReadSync(name), isRefused)
        await assert.rejects(openToRead(name), isRefused)
        assert.throws(() => openToAppendSync(name), isRefused)
      }
    }
  },
)

test(
  'a file of root that lost its first name to a new one is not read for who linked it, and may be where he could read it',
  onlyRoot,
  async () => {
    const file = join(root, 'shadow')
    writeFileSync(file, 'old\n', { mode: 0o640 })
    linkSync(file, theirs('shadow'))
    writeFileSync(`${file}-`, 'new\n')
    renameSync(`${file}-`, file)
    assert.equal(statSync(theirs('shadow')).nlink, 1)
    const refused = /belongs to uid 0, and its folder to uid \d+; it is not used/
    for (const access of ['read', 'readWrite'] as const)
      inFolderSync(join(root, 'sipd'), (folder) => assert.throws(() => openInSync(folder, 'shadow', access), refused))
    await assert.rejects(openToRead(theirs('shadow')), refused)
    for (const [mode, gid] of [
      [0o640, statSync(join(root, 'sipd')).gid],
      [0o644, 0],
    ] as const) {
      chownSync(theirs('shadow'), 0, gid)
      chmodSync(theirs('shadow'), mode)
      closeSync(openToReadSync(theirs('shadow')))
    }
  },
)

test('a FIFO, a device, a folder and a socket are refused at once', onlyRoot, async () => {
  execFileSync('mkfifo', [theirs('fifo')])
  execFileSync('mknod', [theirs('device'), 'c', '1', '3'])
  mkdirSync(theirs('folder'))
  const server = createServer().listen(theirs('socket'))
  await once(server, 'listening')
  for (const [name, kind] of [
    ['fifo', 'a FIFO'],
    ['device', 'a device'],
    ['socket', 'a socket'],
  ] as const)
    await assertRefused(name, 'notRegular', new RegExp(`is ${kind}; it must be a regular file`))
  await assertRefused('folder', 'notRegular', /is a directory; it must be a regular file/)
  server.close()
})

test(
  'a file of a third user is refused, and one of the folder’s owner or of this process is not',
  onlyRoot,
  async () => {
    writeFileSync(theirs('third'), '')
    chownSync(theirs('third'), agentUid, agentUid)
    await assertRefused('third', 'owner', /belongs to uid 61001, and its folder to uid 61002/)
    for (const uid of [sipdUid, 0]) {
      writeFileSync(theirs('theirs'), 'a line\n')
      chownSync(theirs('theirs'), uid, uid)
      for (const access of accesses)
        inFolderSync(join(root, 'sipd'), (folder) => closeSync(openInSync(folder, 'theirs', access)))
    }
  },
)

test(
  'in a folder that many may write, as /var/log of some systems, others’ files are read and not written',
  onlyRoot,
  () => {
    const shared = join(root, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o775)
    writeFileSync(join(shared, 'syslog'), 'a line\n')
    chownSync(join(shared, 'syslog'), agentUid, agentUid)
    closeSync(openToReadSync(join(shared, 'syslog')))
    assert.throws(() => openToAppendSync(join(shared, 'syslog')), /belongs to uid 61001/)
  },
)

test('a link on the way through a folder of another user is refused, with the part that is one', onlyRoot, () => {
  mkdirSync(join(root, 'private'))
  writeFileSync(join(root, 'private', 'file'), 'of root alone\n')
  symlinkSync(join(root, 'private'), theirs('way'))
  const path = join(theirs('way'), 'file')
  for (const open of [openToReadSync, openToAppendSync])
    assert.throws(() => open(path), {
      message: `${path} is not used: ${theirs('way')} is a symbolic link of uid 0 in a folder of uid 61002, which is not followed`,
    })
  assert.equal(readFileSync(join(root, 'private', 'file'), 'utf8'), 'of root alone\n')
})

test('links in folders that nobody else may write are followed to read, also upward ones', () => {
  const folder = join(root, 'own')
  mkdirSync(join(folder, 'real'), { recursive: true })
  writeFileSync(join(folder, 'real', 'file'), 'the line')
  symlinkSync('real', join(folder, 'way'))
  symlinkSync('../way/file', join(folder, 'real', 'latest'))
  symlinkSync(join(folder, 'loop'), join(folder, 'loop'))
  const descriptor = openToReadSync(join(folder, 'way', 'latest'))
  const octets = Buffer.alloc(16)
  assert.equal(octets.toString('utf8', 0, readSync(descriptor, octets)), 'the line')
  closeSync(descriptor)
  assert.throws(() => openToReadSync(join(folder, 'loop')), /leads through too many symbolic links/)
  assert.throws(() => openToAppendSync(join(folder, 'real', 'latest')), /is a symbolic link, which is not followed/)
})

test('errors of the system name the path that people know', onlyRoot, () => {
  assert.throws(() => openToReadSync(theirs('none')), { code: 'ENOENT', path: theirs('none') })
  assert.throws(
    () => openToReadSync(theirs('none/deeper')),
    (error: NodeJS.ErrnoException) => {
      assert.match(error.message, new RegExp(`^ENOENT: .*'${theirs('none')}'$`))
      return true
    },
  )
  writeFileSync(theirs('file'), '')
  assert.throws(() => openToReadSync(theirs('file/deeper')), { code: 'ENOTDIR', path: theirs('file') })
})

test(
  'what root makes in a folder of another user belongs to him, and is empty for nobody else to take',
  onlyRoot,
  () => {
    const descriptor = openToAppendSync(theirs('made'))
    writeSync(descriptor, 'a line\n')
    closeSync(descriptor)
    const { uid, gid, mode, size } = statSync(theirs('made'))
    assert.deepEqual([uid, gid, mode & 0o777, size], [sipdUid, sipdUid, 0o600, 7])
    inFolderSync(join(root, 'sipd'), (folder) => assert.throws(() => makeInSync(folder, 'made'), { code: 'EEXIST' }))
  },
)

test('a file is renamed and removed within its folder, whatever its path leads to by then', onlyRoot, () => {
  const folder = makeFolderOf(sipdUid, join(root, 'moved'))
  writeFileSync(join(folder, 'a'), 'theirs')
  mkdirSync(join(root, 'victim'))
  for (const name of ['a', 'b']) writeFileSync(join(root, 'victim', name), 'of root alone')
  inFolderSync(folder, (held) => {
    renameSync(folder, `${folder}.aside`)
    symlinkSync(join(root, 'victim'), folder)
    held.renameSync('a', 'b')
    held.removeSync('b')
    assert.deepEqual(held.readNamesSync(), [])
    assert.throws(() => held.renameSync('a', 'b'), { code: 'ENOENT' })
  })
  for (const name of ['a', 'b']) assert.equal(readFileSync(join(root, 'victim', name), 'utf8'), 'of root alone')
})
