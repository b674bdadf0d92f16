import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { formatOid } from '../../lib/smi/oid.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { identity } from '../../snmp/engine/engine-identity.ts'
import { notificationOf } from '../../snmp/manager/messages.ts'
import { NotificationReceiver, type ReceivedMessage } from '../../snmp/manager/receiver.ts'
import { authProtocols, privProtocols } from '../../snmp/security/usm/protocols.ts'
import { passphrase, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

process.env.SNMP_PERSISTENT_DIR = mkdtempSync(join(tmpdir(), 'traprcv-'))
const trapOid = '.1.3.6.1.4.1.32473.12.29.3.0.1'
const senderEngine = '0x8000000001020304'
const v3Users = [
  ...authProtocols.map((auth) => ({ name: `auth${auth.name}`, auth, priv: undefined })),
  ...privProtocols.map((priv) => ({ name: `priv${priv.name}`, auth: authProtocols[3]!, priv })),
]
const received: ReceivedMessage[] = []
let receiver: NotificationReceiver
let port: number

describe('traps and informs of Net-SNMP to our receiver', needs('snmptrap', 'snmpinform'), () => {
  before(async () => {
    receiver = new NotificationReceiver({
      v3: {
        identity: identity(Buffer.from('80007ed905cafe', 'hex'), 7, systemClock),
        users: [
          { userName: 'open', auth: undefined, priv: undefined },
          ...v3Users.map(({ name, auth, priv }) => ({
            userName: name,
            auth: { protocol: auth, passphrase: passphrase.auth },
            priv: priv && { protocol: priv, passphrase: passphrase.priv },
          })),
        ],
      },
    })
    receiver.onNotification = (message) => received.push(message)
    port = await receiver.start('127.0.0.1', 0)
  })
  after(() => receiver.stop())

  const send = (tool: 'snmptrap' | 'snmpinform', ...options: string[]) =>
    netsnmp(tool, [...options, `127.0.0.1:${port}`, '4711', trapOid, '.1.3.6.1.2.1.1.4.0', 's', 'ann'])
  /** The one notification that came in of what was sent; it is the same whatever carried it. */
  async function came(): Promise<ReceivedMessage> {
    await until(() => received.length > 0, 3000, 'the notification')
    const [message, ...more] = received.splice(0)
    assert.equal(more.length, 0)
    const notification = notificationOf(message!.pdu)
    assert.equal(`.${formatOid(notification!.trapOid)}`, trapOid)
    assert.equal(notification!.upTimeTicks, 4711)
    assert.equal(Buffer.from((notification!.varbinds[0]!.value as { value: Uint8Array }).value).toString(), 'ann')
    return message!
  }
  const options = ({ name, auth, priv }: (typeof v3Users)[number]): string[] => [
    '-v3',
    ...['-u', name, '-a', auth.name, '-A', passphrase.auth, '-l', priv ? 'authPriv' : 'authNoPriv'],
    ...(priv ? ['-x', priv.name, '-X', passphrase.priv] : []),
  ]

  test('traps of versions 1 and 2c, and informs of 2c, which are acknowledged', async () => {
    const v1 = ['-v1', '-c', 'public', `127.0.0.1:${port}`, '.1.3.6.1.4.1.32473.12.29.3', '127.0.0.1', '6', '1', '4711']
    assert.equal((await netsnmp('snmptrap', [...v1, '.1.3.6.1.2.1.1.4.0', 's', 'ann'])).code, 0)
    assert.deepEqual([(await came()).version, 'v1'], ['v1', 'v1'])
    await send('snmptrap', '-v2c', '-c', 'public')
    const { version, securityName } = await came()
    assert.deepEqual([version, securityName], ['v2c', 'public'])
    const inform = await send('snmpinform', '-v2c', '-c', 'public')
    assert.equal(inform.code, 0, inform.err)
    assert.equal((await came()).pdu.type, 'informRequest')
  })

  for (const user of v3Users) {
    const { name, auth, priv } = user
    test(`a trap and an inform of a user with ${auth.name}${priv ? ` and ${priv.name}` : ''}`, async () => {
      await send('snmptrap', ...options(user), '-e', senderEngine)
      const trap = await came()
      assert.deepEqual([trap.version, trap.securityName, trap.level], ['v3', name, priv ? 'authPriv' : 'authNoPriv'])
      const inform = await send('snmpinform', ...options(user))
      assert.equal(inform.code, 0, inform.err)
      assert.equal((await came()).pdu.type, 'informRequest')
    })
  }

  test('noAuthNoPriv is for a user who has no keys; who has some is not believed without them', async () => {
    const inform = await send('snmpinform', '-v3', '-u', 'open', '-l', 'noAuthNoPriv')
    assert.equal(inform.code, 0, inform.err)
    await came()
    await send('snmptrap', '-v3', '-u', 'open', '-l', 'noAuthNoPriv', '-e', senderEngine)
    await came()
    await send('snmptrap', '-v3', '-u', 'authSHA', '-l', 'noAuthNoPriv', '-e', senderEngine)
    const wrong = ['-A', 'not the passphrase', '-l', 'authNoPriv']
    await send('snmptrap', '-v3', '-u', 'authSHA', '-a', 'SHA', ...wrong, '-e', senderEngine)
    await send('snmptrap', '-v2c', '-c', 'after')
    assert.equal((await came()).securityName, 'after', 'and neither of those before it')
  })

  test('a trap that was taken before is not taken again when its sender has started again', async () => {
    const user = v3Users[0]!
    // Net-SNMP takes boots and time of a trap's engine from -Z.
    await send('snmptrap', ...options(user), '-e', '0x8000000001020305', '-Z', '9,100')
    await came()
    await send('snmptrap', ...options(user), '-e', '0x8000000001020305', '-Z', '8,100')
    await send('snmptrap', '-v2c', '-c', 'after')
    assert.equal((await came()).securityName, 'after')
  })

  test('bin/traprcv prints a v3 inform and acknowledges it', async () => {
    const home = mkdtempSync(join(tmpdir(), 'traprcv-'))
    const phrases = { CASTELLAN_AUTH_PASSPHRASE: passphrase.auth, CASTELLAN_PRIV_PASSPHRASE: passphrase.priv }
    const child = spawn(join(programRoot, 'bin', 'traprcv'), ['--json', '--home', home, '-u', 'ann', '0'], {
      env: { ...process.env, ...phrases },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    try {
      await until(() => /waiting on/.test(err), 5000)
      const at = /waiting on (\S+)/.exec(err)![1]!
      const security = ['-v3', '-u', 'ann', '-l', 'authPriv', '-a', 'SHA-256', '-A', passphrase.auth]
      const target = ['-x', 'AES', '-X', passphrase.priv, at, '1', trapOid]
      const inform = await netsnmp('snmpinform', [...security, ...target])
      assert.equal(inform.code, 0, inform.err)
      await until(() => out.includes('\n'), 3000)
      const { version, type, user, level, notification } = JSON.parse(out)
      assert.deepEqual(
        [version, type, user, level, notification],
        ['v3', 'inform', 'ann', 'authPriv', 'critAppProcExited'],
      )
    } finally {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  })
})
