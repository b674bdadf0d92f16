import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chownSync, existsSync, linkSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { control, listenForControl } from '../../../lib/process/control.ts'
import { connectTo, listenAt } from '../../../lib/trust/socket.ts'
import { agentUid, makeFolderOf, onlyRoot, openDescriptors, ownFolder, sipdUid } from '../../support/other-owner.ts'

/** A server that counts who connects. */
async function counted(path: string) {
  let count = 0
  const server = createServer((socket) => {
    count++
    socket.end('said\n')
  })
  await listenAt(server, path)
  return { server, count: () => count }
}

test('a socket that is listened at is for its owner alone, and replaces what a killed process left', async () => {
  const path = join(ownFolder(), 'a.ctl')
  const first = await counted(path)
  const { ino, mode } = lstatSync(path)
  assert.equal(mode & 0o777, 0o600)
  const second = await counted(path)
  assert.notEqual(lstatSync(path).ino, ino)
  first.server.close()
  second.server.close()
})

test('in a folder of another user it is made, given away and removed without following a name', onlyRoot, async () => {
  const top = ownFolder()
  const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
  const victim = join(top, 'victim')
  writeFileSync(victim, 'of root alone', { mode: 0o640 })
  const path = join(theirs, 'a.ctl')
  symlinkSync(victim, path)
  const before = openDescriptors()
  const server = createServer()
  await listenAt(server, path, { mode: 0o660, owner: { uid: sipdUid, gid: agentUid } })
  const { uid, gid, mode } = lstatSync(path)
  assert.deepEqual([uid, gid, mode & 0o777], [sipdUid, agentUid, 0o660])
  assert.equal(statSync(victim).mode & 0o777, 0o640)
  assert.equal(readFileSync(victim, 'utf8'), 'of root alone')
  server.close()
  await once(server, 'close')
  assert.equal(existsSync(path), false)
  assert.deepEqual(openDescriptors(), before)
})

test('nobody is connected to where a link leads, nor to a socket of a third user', onlyRoot, async () => {
  const top = ownFolder()
  const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
  const victim = await counted(join(top, 'victim.sock'))
  symlinkSync(join(top, 'victim.sock'), join(theirs, 'link'))
  await assert.rejects(control(join(theirs, 'link'), 'stop'), {
    message: `${join(theirs, 'link')} is a symbolic link; it must be a socket`,
  })
  const third = await counted(join(theirs, 'third'))
  chownSync(join(theirs, 'third'), agentUid, agentUid)
  await assert.rejects(control(join(theirs, 'third'), 'stop'), {
    message: `${join(theirs, 'third')} belongs to uid 61001, and its folder to uid 61002; it is not used`,
  })
  assert.deepEqual([victim.count(), third.count()], [0, 0])
  victim.server.close()
  third.server.close()
})

test(
  'an operator who is root is answered by a daemon of another user, and hears when it does not listen',
  onlyRoot,
  async () => {
    const theirs = makeFolderOf(sipdUid, join(ownFolder(), 'sipd'))
    const path = join(theirs, 'a.ctl')
    await assert.rejects(control(path, 'status'), { code: 'ENOENT' })
    const server = await listenForControl(path, async ([word]) => `${word} it is`)
    assert.equal(await control(path, 'status'), 'status it is')
    server.close()
    await once(server, 'close')
    const left = createServer()
    await listenAt(left, join(theirs, 'b'))
    const { count, server: other } = await counted(path)
    assert.equal(await control(path, 'status'), 'said')
    assert.equal(count(), 1)
    other.close()
    left.close()
  },
)

test('where nobody listens any more the error names the path', onlyRoot, async () => {
  const theirs = makeFolderOf(sipdUid, join(ownFolder(), 'sipd'))
  const path = join(theirs, 'stale')
  const server = createServer()
  await listenAt(server, join(theirs, 'live'))
  // What a process that was killed leaves: a name without a listener.
  linkSync(join(theirs, 'live'), path)
  server.close()
  await once(server, 'close')
  const [error] = (await once(connectTo(path), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
  assert.match(error.message, new RegExp(`${path}$`))
})
