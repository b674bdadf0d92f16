import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWant } from '../../lib/program/errno.ts'
import { runProgram } from '../../lib/program/run.ts'
import { withoutDescriptors } from '../support/descriptors.ts'
import { readableProgram } from '../support/other-user.ts'

test('what cannot be started for want of descriptors says so as its end, with and without streams', async () => {
  for (const maxOctets of [0, 1000]) {
    const { exit } = await withoutDescriptors(() => runProgram({ argv: ['true'], limitMs: 5000, maxOctets }))
    assert.equal(exit.kind === 'notStarted' && exit.code, 'EMFILE')
    assert.ok(exit.kind === 'notStarted' && isWant(exit.code))
  }
})

/** Nobody else's processes count for it. */
const uid = 61_209
const skip = process.getuid?.() !== 0 && 'only root may act as other users'

test('what cannot be started for want of processes says so as its end, and can be started later', {
  skip,
}, async (t) => {
  const module = JSON.stringify(join(readableProgram(), 'dist', 'lib', 'program', 'run.js'))
  const script = `
    import { runProgram } from ${module}
    console.log('ready')
    for await (const _ of process.stdin) {
      const { exit } = await runProgram({ argv: ['true'], limitMs: 5000 })
      console.log(exit.kind, exit.code)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    uid,
    gid: uid,
  })
  t.after(() => child.kill('SIGKILL'))
  const limit = (count: string): void => {
    execFileSync('prlimit', ['--pid', String(child.pid), `--nproc=${count}:`], { uid, gid: uid, cwd: '/' })
  }
  const answer = async (): Promise<string> => String(((await once(child.stdout, 'data')) as [Buffer])[0])
  assert.equal(await answer(), 'ready\n')
  limit('1')
  child.stdin.write('\n')
  assert.equal(await answer(), 'notStarted EAGAIN\n')
  limit('1000')
  child.stdin.write('\n')
  assert.equal(await answer(), 'exited 0\n')
  child.stdin.end()
  await once(child, 'exit')
})
