import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { agentxSocket, type TrustDomainName } from '../../agent/agentx/trust.ts'
import { agentxError } from '../../agentx/pdu.ts'
import { ScriptedSubagent } from '../support/agentx.ts'
import { until } from '../support/appliance.ts'
import { agentUser, LaidOutHome, noLayout, sipdUser, stranger } from '../support/laid-out.ts'

const connect = 'use IO::Socket::UNIX; exit(IO::Socket::UNIX->new(Peer => shift) ? 0 : $!{EACCES} ? 13 : 1)'

describe('the AgentX sockets of a laid-out installation', { skip: noLayout }, () => {
  let installed: LaidOutHome
  const socketOf = (domain: TrustDomainName): string => agentxSocket(installed.home, domain)
  const log = (): string => readFileSync(join(installed.home.logs, 'agent', 'agent.log'), 'utf8')
  before(async () => {
    installed = await LaidOutHome.make()
    for (const domain of ['agent', 'sipd', 'subagents'] as const)
      assert.equal(await installed.start(domain), undefined, installed.output)
  })
  after(() => installed.remove())

  test('belong to the agent, and that of sipd to its group', () => {
    const about = (domain: TrustDomainName): string => {
      const { mode, uid, gid } = statSync(socketOf(domain))
      return `${uid}:${gid} ${(mode & 0o777).toString(8)}`
    }
    assert.equal(about('subagents'), `${agentUser}:${agentUser} 600`)
    assert.equal(about('sipd'), `${agentUser}:${sipdUser} 660`)
    assert.equal(about('others'), `${agentUser}:${agentUser} 600`)
  })

  test('let in whom they are for: sipd at its own, a stranger nowhere', async () => {
    for (const [uid, open] of [
      [0, ['subagents', 'sipd', 'others']],
      [agentUser, ['subagents', 'sipd', 'others']],
      [sipdUser, ['sipd']],
      [stranger, []],
    ] as const)
      for (const domain of ['subagents', 'sipd', 'others'] as const) {
        const { exit, printed } = await installed.runAs(uid, ['/usr/bin/perl', '-e', connect, socketOf(domain)])
        const isOpen = (open as readonly string[]).includes(domain)
        assert.ok(exit.kind === 'exited', printed)
        assert.equal(exit.code, isOpen ? 0 : 13, `${uid} at ${domain}: ${printed}`)
      }
  })

  test('have the sessions of sipd and of the subagents, each by the name that its socket gives', async () => {
    const opened = (name: string) => new RegExp(`a subagent opened a session session=\\d+ description="${name}"`)
    for (const name of ['Castellan sipd', 'Castellan subagents'])
      await until(() => opened(name).test(log()), 10_000, name)
    assert.doesNotMatch(log(), /cannot let a group in/)
  })

  test('give a hijacked sipd nothing of the subagents', async () => {
    const hijacked = await ScriptedSubagent.open(socketOf('sipd'), 1, 'Castellan subagents')
    const operStatus = '1.3.6.1.4.1.32473.12.29.1.1.1.9'
    for (const subtree of [operStatus, `${operStatus}.1`, '1.3.6.1.4.1.32473.12', '1.3.6.1.2.1.64.1.3'])
      assert.equal(await hijacked.register(subtree, { priority: 1 }), agentxError.requestDenied, subtree)
    assert.equal(await hijacked.register('1.3.6.1.2.1.151.1.99'), 0, 'a part of its own MIB')
    hijacked.end()
  })

  test('give a foreign subagent no gap in what the agent serves alone', async () => {
    const mallory = await ScriptedSubagent.open(socketOf('others'), 1, 'mallory')
    for (const subtree of [
      '1.3.6.1.6.3.15.9',
      '1.3.6.1.6.3.14',
      '1.3.6.1.2.1.92.9',
      '1.3.6.1.2.1.63.9',
      '1.3.6.1.2.1.88.9',
    ])
      assert.equal(await mallory.register(subtree, { priority: 1 }), agentxError.requestDenied, subtree)
    assert.equal(await mallory.register('1.3.6.1.2.1.15'), 0, 'BGP4-MIB')
    mallory.end()
  })
})
