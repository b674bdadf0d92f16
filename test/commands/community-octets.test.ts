/** A community is octets: commands find it, and ask with it, as it is in snmpd.cnf. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { explainAccess } from '../../commands/access.ts'
import { withManager } from '../../commands/agent/ask-agent.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { decodeCommunityMessage } from '../../snmp/message/community-message.ts'

let home: Home
const agent = createSocket('udp4')

before(async () => {
  home = resolveHome(mkdtempSync(join(tmpdir(), 'community-')))
  await initializeHome(home, 0)
  agent.bind(0, '127.0.0.1')
  await once(agent, 'listening')
  writeFileSync(
    join(home.conf, 'agent', 'snmpd.cnf'),
    [
      `snmpListenEntry 127.0.0.1:${(agent.address() as AddressInfo).port}`,
      'snmpCommunityEntry t1 fd:fc readSec localSnmpID - - nonVolatile',
      'vacmSecurityToGroupEntry snmpv2c readSec readGroup nonVolatile',
      'vacmAccessEntry readGroup - any noAuthNoPriv exact read - - nonVolatile',
      'vacmViewTreeFamilyEntry read iso - included nonVolatile',
      '',
    ].join('\n'),
  )
})
after(() => {
  agent.close()
  rmSync(home.root, { recursive: true, force: true })
})

test('castellan access knows a community that is no text by its octets in hexadecimal', async () => {
  const decisions = await explainAccess(home, 'fd:fc', 'sysDescr.0', '')
  assert.deepEqual(
    decisions.filter(({ principal }) => principal.securityModel === 'snmpv2c').map(({ allowed }) => allowed),
    [true, false, false],
  )
})

test('commands ask with the very octets of the community', async () => {
  const asked = once(agent, 'message')
  const sysDescr = [1, 3, 6, 1, 2, 1, 1, 1, 0]
  const asking = withManager(home, { access: 'read', oid: sysDescr, otherwise: '' }, (manager) =>
    manager.get([sysDescr]),
  )
  const [datagram] = (await asked) as [Buffer]
  const { community } = decodeCommunityMessage(datagram)
  assert.equal(Buffer.from(community, 'latin1').toString('hex'), 'fdfc')
  await assert.rejects(asking, /did not answer/)
})
