import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RunAsFacts, runAsOf } from '../../sipd/privileges/run-as.ts'

const sipd = { name: 'sipd', uid: 990, gid: 980 }
const ann = { name: 'ann', uid: 1000, gid: 1000 }
const root = { name: 'root', uid: 0, gid: 0 }

/** sipd.conf names nobody, is root's, and there is a user sipd. */
const facts = (more: Partial<RunAsFacts>): RunAsFacts => ({
  user: undefined,
  group: undefined,
  account: sipd,
  groupId: undefined,
  configuration: { path: '/home/sipd.conf', uid: 0, gid: 0, isOpen: false },
  folderAccount: undefined,
  isLoopback: false,
  obstacleFor: () => undefined,
  ...more,
})
const reasonOf = (more: Partial<RunAsFacts>): string => {
  const decision = runAsOf(facts(more))
  return decision.kind === 'account' ? 'an account' : `${decision.kind}: ${decision.reason}`
}

test('sipd runs as User, else as the owner of its folders, else as sipd; Group takes the place of its group', () => {
  assert.deepEqual(runAsOf(facts({})), { kind: 'account', account: sipd })
  assert.deepEqual(runAsOf(facts({ folderAccount: ann })), { kind: 'account', account: ann })
  assert.deepEqual(runAsOf(facts({ user: 'sipd', folderAccount: ann })), { kind: 'account', account: sipd })
  assert.deepEqual(runAsOf(facts({ group: 'voice', groupId: 44 })), { kind: 'account', account: { ...sipd, gid: 44 } })
})

test('root serves other machines only where sipd.conf says User root', () => {
  assert.match(
    reasonOf({ account: undefined }),
    /^refused: sipd does not serve other machines as root, .* no user sipd/,
  )
  assert.equal(
    reasonOf({ account: undefined, isLoopback: true }),
    'root: there is no user sipd; this serves loopback only',
  )
  assert.equal(reasonOf({ user: 'root', account: root }), 'root: User is root')
  assert.match(reasonOf({ user: 'toor', account: { ...root, name: 'toor' } }), /^root: /)
})

test('a user or group that does not exist is refused, on loopback too', () => {
  const missing = { account: undefined, isLoopback: true }
  assert.match(reasonOf({ ...missing, user: 'nil' }), /^refused: there is no user nil; make one/)
  assert.match(reasonOf({ group: 'nil', isLoopback: true }), /^refused: there is no group nil; make one/)
  assert.match(reasonOf({ group: 'root', groupId: 0 }), /^refused: .* group of root/)
})

test('what the account may not use is said; on loopback root goes on where nobody asked for the account', () => {
  const obstacleFor = (): string => 'run: chown sipd data'
  assert.equal(reasonOf({ obstacleFor }), 'refused: cannot run as sipd (uid 990): run: chown sipd data')
  assert.match(reasonOf({ obstacleFor, user: 'sipd', isLoopback: true }), /^refused: /)
  assert.match(reasonOf({ obstacleFor, folderAccount: ann, isLoopback: true }), /^refused: /)
  assert.match(reasonOf({ obstacleFor, isLoopback: true }), /^root: run: chown sipd data; /)
})

test('root believes no sipd.conf that another user can change, but that it is to become that user', () => {
  const configuration = { path: '/home/sipd.conf', uid: 1000, gid: 1000, isOpen: false }
  assert.match(reasonOf({ configuration, user: 'root', account: root }), /^refused: .* belongs to uid 1000/)
  assert.match(reasonOf({ configuration, user: 'sipd' }), /^refused: .* belongs to uid 1000/)
  assert.equal(reasonOf({ configuration, folderAccount: ann }), 'an account')
  assert.match(reasonOf({ configuration: { ...configuration, uid: 0, isOpen: true } }), /^refused: .*chmod go-w/)
})
