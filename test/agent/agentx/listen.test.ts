import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type AgentxAddress, closedFolder, listenForSubagents } from '../../../agent/agentx/listen.ts'
import { createLog } from '../../../lib/log/log.ts'
import { nobody } from '../../support/other-user.ts'

let folder: string
let servers: Server[]
let lines: string[]
const log = createLog({ component: 'test', level: 'warn', write: (line) => lines.push(line) })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listen-'))
  chmodSync(folder, 0o755)
  servers = []
  lines = []
})
afterEach(() => {
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function listen(address: AgentxAddress): Promise<void> {
  servers.push(await listenForSubagents(address, () => {}, log))
}

/** Mode, uid and gid. */
function about(path: string): string {
  const { mode, uid, gid } = statSync(path)
  return `${(mode & 0o777).toString(8)} ${uid}:${gid}`
}
const own = `${process.geteuid?.()}:${process.getegid?.()}`

test('a folder that is created for the socket gets the mode asked for, whatever the umask is, and one that is there keeps its own', async () => {
  mkdirSync(join(folder, 'there'), { mode: 0o711 })
  const before = process.umask(0o077)
  try {
    await listen({ path: join(folder, 'there', 'a', 'b', 'master'), mode: 0o660, folderMode: 0o755 })
  } finally {
    process.umask(before)
  }
  assert.equal(about(join(folder, 'there')), `711 ${own}`)
  assert.equal(about(join(folder, 'there', 'a')), `755 ${own}`)
  assert.equal(about(join(folder, 'there', 'a', 'b')), `755 ${own}`)
  assert.equal(about(join(folder, 'there', 'a', 'b', 'master')), `660 ${own}`)
})

test('without a word of it, socket and folder are for the user of the agent alone', async () => {
  await listen({ path: join(folder, 'run', 'master') })
  assert.equal(about(join(folder, 'run')), `700 ${own}`)
  assert.equal(about(join(folder, 'run', 'master')), `600 ${own}`)
})

test('a socket that cannot be had says which one', async () => {
  writeFileSync(join(folder, 'file'), '')
  await assert.rejects(listen({ path: join(folder, 'file', 'master') }), /file\/master/)
})

test('the socket has its mode from the moment it can be seen, nothing else is left in its folder, and a stop removes it', async () => {
  const path = join(folder, 'master')
  const before = process.umask(0o022)
  let seen: string[] = []
  try {
    const listening = listen({ path, mode: 0o660 })
    seen = readdirSync(folder)
    await listening
  } finally {
    process.umask(before)
  }
  assert.ok(!seen.includes('master') || about(path).startsWith('660'), 'bound in a private folder first')
  assert.equal(about(path), `660 ${own}`)
  assert.deepEqual(readdirSync(folder), ['master'])
  const [server] = servers
  await new Promise((resolve) => server!.close(resolve))
  assert.deepEqual(readdirSync(folder), [])
})

test('a socket that an agent before it left is replaced, another one that came since is not removed, and a file or a link is refused', async () => {
  const path = join(folder, 'master')
  await listen({ path })
  const [first] = servers
  await listen({ path })
  await new Promise((resolve) => first!.close(resolve))
  assert.deepEqual(readdirSync(folder), ['master'], 'the second one stays')
  writeFileSync(join(folder, 'file'), 'kept')
  symlinkSync(join(folder, 'file'), join(folder, 'link'))
  for (const name of ['file', 'link']) await assert.rejects(listen({ path: join(folder, name) }))
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'kept')
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'link', 'master'])
})

describe('owners', { skip: process.geteuid?.() === 0 ? false : 'only root may give files away' }, () => {
  const [socketOwner, folderOwner] = [
    { uid: 4711, gid: 4712 },
    { uid: 0, gid: 4712 },
  ]

  test('socket and folder are given to their owners', async () => {
    const path = join(folder, 'run', 'master')
    await listen({ path, mode: 0o660, owner: socketOwner, folderMode: 0o750, folderOwner })
    assert.equal(about(join(folder, 'run')), '750 0:4712')
    assert.equal(about(path), '660 4711:4712')
    assert.deepEqual(lines, [])
  })

  test('a group is let in where the process may give it a file; else a line of the log says that it is not, and the rest goes on', async () => {
    const path = join(folder, 'sipd.sock')
    await listen({ path, group: 4712 })
    assert.equal(about(path), '660 0:4712')
    assert.deepEqual(lines, [])
    chownSync(folder, nobody, nobody)
    const as = async (groups: readonly number[]): Promise<void> => {
      const before = process.getgroups?.() ?? []
      process.setgroups?.([...groups])
      process.seteuid?.(nobody)
      try {
        await listen({ path, group: 4712 })
      } finally {
        process.seteuid?.(0)
        process.setgroups?.(before)
      }
    }
    await as([4712])
    assert.equal(about(path), `660 ${nobody}:4712`, 'a member of the group')
    assert.deepEqual(lines, [])
    await as([4711])
    assert.equal(about(path), `600 ${nobody}:0`, 'no member')
    assert.match(lines.join(), /cannot let a group in .*group=4712/)
  })

  test('an owner of the folder who swaps the socket for a link all the time gets nothing of root given', async () => {
    const victim = join(folder, 'victim')
    writeFileSync(victim, 'of root')
    chmodSync(victim, 0o600)
    const open = join(folder, 'open')
    mkdirSync(open)
    chownSync(open, socketOwner.uid, socketOwner.gid)
    const swap = '$| = 1; print "x"; while (1) { symlink("../victim", "link"); rename("link", "master") }'
    const attacker = spawn('perl', ['-e', swap], { cwd: open, ...socketOwner, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(attacker.stdout, 'data')
      let refused = 0
      for (let i = 0; i < 100; i++)
        await listen({ path: join(open, 'master'), mode: 0o666, owner: socketOwner }).catch(() => refused++)
      assert.ok(refused > 0, 'links were there')
      assert.equal(about(victim), '600 0:0')
    } finally {
      attacker.kill('SIGKILL')
      await once(attacker, 'exit')
    }
  })

  test('a folder that the owner of its socket may not enter is complained of, once and by name', async () => {
    mkdirSync(join(folder, 'closed'), { mode: 0o700 })
    await listen({ path: join(folder, 'closed', 'run', 'master'), owner: socketOwner, folderMode: 0o755 })
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /closed/)
    assert.match(lines[0]!, /700/)
  })

  test('the search bit that counts is that of the user, else of the group, else of all others', () => {
    const path = join(folder, 'master')
    const isClosed = (mode: number, uid: number, gid: number): boolean => {
      chmodSync(folder, mode)
      return closedFolder(path, { uid, gid }) === folder
    }
    assert.equal(isClosed(0o700, 4711, 4712), true)
    assert.equal(isClosed(0o701, 4711, 4712), false)
    assert.equal(isClosed(0o701, 4711, 0), true, 'its group has no search bit')
    assert.equal(isClosed(0o710, 4711, 0), false)
    assert.equal(isClosed(0o000, 0, 0), false, 'root enters everything')
  })
})
