import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { Appliance, makeHome, passphrase, runBin } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'

const users = [
  ['md5', 'MD5', 'none'],
  ['sha', 'SHA', 'DES'],
  ['sha256', 'SHA-256', 'AES'],
  ['sha512', 'SHA-512', 'AES-256'],
] as const
const sysLocation = '1.3.6.1.2.1.1.6.0'
const locationLength = 220
let appliance: Appliance

/** What the npm package has of its own names; it has no types. */
interface NetSnmp {
  createSession(host: string, community: string, options: object): Session
  createV3Session(host: string, user: object, options: object): Session
  readonly Version1: number
  readonly Version2c: number
  readonly SecurityLevel: Record<string, number>
  readonly AuthProtocols: Record<string, number>
  readonly PrivProtocols: Record<string, number>
  readonly ObjectType: Record<string, number>
}
interface Varbind {
  readonly oid: string
  readonly value: unknown
}
interface Session {
  get(oids: readonly string[], done: (error: Error | null, varbinds: Varbind[]) => void): void
  set(varbinds: readonly object[], done: (error: Error | null, varbinds: Varbind[]) => void): void
  subtree(oid: string, feed: (varbinds: Varbind[]) => void, done: (error: Error | null) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  close(): void
}

describe('other managers', () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    for (const [name, auth, priv] of users) {
      const made = await appliance.castellan('user', 'add', name, '--auth', auth, '--priv', priv, '--group', 'operate')
      assert.equal(made.code, 0, made.err)
    }
    const path = join(appliance.at.home.conf, 'agent', 'snmpd.cnf')
    const location = `sysLocation "${'x'.repeat(locationLength)}"`
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^sysLocation .*$/m, location))
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(() => appliance.stop())

  test('pysnmp reads, walks and sets, in every version', needs('/usr/lib/python3/dist-packages/pysnmp'), async () => {
    // AES-256 of pysnmp is Blumenthal's, as ours of that name.
    const asked = users.map((user) => user.join(','))
    const script = join(programRoot, 'test', 'fixtures', 'managers', 'ask.py')
    const args = [script, '127.0.0.1', String(appliance.at.snmpPort), passphrase.auth, passphrase.priv, ...asked]
    const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
      execFile('/usr/bin/python3', args, { timeout: 60_000 }, (_, out, err) => resolve({ out, err }))
    })
    const lines = out.trim().split('\n')
    for (const what of ['v1', 'v2c', ...asked]) {
      assert.ok(
        lines.includes(`${what} get noError 72`) || lines.includes(`${what} get ok 72`),
        `${what}: ${out}${err}`,
      )
      assert.ok(
        lines.some((line) => line.startsWith(`${what} next`) && line.endsWith(' 72')),
        out,
      )
      assert.ok(
        lines.some((line) => line.startsWith(`${what} set`) && line.endsWith(`by ${what}`)),
        out,
      )
      if (what !== 'v1') assert.match(out, new RegExp(`^${what} walk [2-9]\\d+$`, 'm'))
    }
  })

  test(
    'pysnmp is answered for RFC 5343’s localEngineID and at msgMaxSize 484, and told of an unknown contextEngineID',
    needs('/usr/lib/python3/dist-packages/pysnmp'),
    async () => {
      const script = join(programRoot, 'test', 'fixtures', 'managers', 'corners.py')
      const port = String(appliance.at.snmpPort)
      const args = ['-W', 'ignore', script, '127.0.0.1', port, passphrase.auth, passphrase.priv, 'sha256', sysLocation]
      const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
        execFile('/usr/bin/python3', args, { timeout: 60_000 }, (_, out, err) => resolve({ out, err }))
      })
      // The counter in the report is snmpUnknownPDUHandlers.
      assert.deepEqual(
        out
          .trim()
          .split('\n')
          .map((line) => line.trim()),
        [`local noError ${locationLength}`, 'other 1.3.6.1.6.3.11.2.1.3.0', `484 noError ${locationLength}`],
        err,
      )
    },
  )

  test('the npm package net-snmp reads, walks and sets, in every version', async () => {
    const snmp = (await import('net-snmp' as string)).default as NetSnmp
    const at = { port: appliance.at.snmpPort, retries: 1, timeout: 2000 }
    const protocols = { MD5: 'md5', SHA: 'sha', 'SHA-256': 'sha256', 'SHA-512': 'sha512' } as const
    const privacy = { AES: 'aes', 'AES-256': 'aes256b' } as const
    const sessions: (readonly [string, Session])[] = [
      ['v1', snmp.createSession('127.0.0.1', 'cspsAdmin', { ...at, version: snmp.Version1 })],
      ['v2c', snmp.createSession('127.0.0.1', 'cspsAdmin', { ...at, version: snmp.Version2c })],
      // Its DES is OpenSSL's, which has none any more.
      ...users
        .filter(([, , priv]) => priv !== 'DES')
        .map(([name, auth, priv]) => {
          const secured =
            priv === 'none'
              ? {}
              : { privProtocol: snmp.PrivProtocols[privacy[priv as keyof typeof privacy]], privKey: passphrase.priv }
          const user = {
            name,
            level: snmp.SecurityLevel[priv === 'none' ? 'authNoPriv' : 'authPriv'],
            authProtocol: snmp.AuthProtocols[protocols[auth]],
            authKey: passphrase.auth,
            ...secured,
          }
          return [name, snmp.createV3Session('127.0.0.1', user, at)] as const
        }),
    ]
    for (const [what, session] of sessions) {
      session.on('error', () => {})
      const got = await new Promise<Varbind[]>((resolve, reject) =>
        session.get(['1.3.6.1.2.1.1.7.0'], (error, varbinds) => (error ? reject(error) : resolve(varbinds))),
      )
      assert.equal(got[0]?.value, 72, what)
      let walked = 0
      await new Promise<void>((resolve, reject) =>
        session.subtree(
          '1.3.6.1.2.1.2',
          (varbinds) => {
            walked += varbinds.length
          },
          (error) => (error ? reject(error) : resolve()),
        ),
      )
      assert.ok(walked > 20, what)
      const contact = { oid: '1.3.6.1.2.1.1.4.0', type: snmp.ObjectType.OctetString, value: `by ${what}` }
      await new Promise<void>((resolve, reject) =>
        session.set([contact], (error) => (error ? reject(error) : resolve())),
      )
      session.close()
    }
  })

  test('our own tools read, walk and set as a user, and say what is wrong when they may not', async () => {
    const { snmp } = appliance.at
    const as = ['-v3', '-u', 'sha512', '-a', 'SHA-512', '-x', 'AES-256']
    assert.equal((await runBin('getone', [...as, snmp, 'sysServices'])).out, 'sysServices.0 = 72\n')
    assert.match((await runBin('getmany', [...as, snmp, 'snmpEngine'])).out, /^snmpEngineBoots\.0 = 1$/m)
    assert.equal((await runBin('setany', [...as, snmp, 'sysContact', 'by a tool'])).out, 'sysContact.0 = by a tool\n')
    const json = await runBin('getbulk', [...as, '--json', snmp, '0', '2', 'sysServices'])
    assert.equal(JSON.parse(json.out.split('\n')[0]!).name, 'sysServices.0')
    const wrongPhrase = await runBin('getone', [...as, snmp, 'sysServices'], {
      CASTELLAN_AUTH_PASSPHRASE: 'not the phrase',
    })
    assert.deepEqual(
      [wrongPhrase.code, /passphrase or protocol is not what the agent has/.test(wrongPhrase.err)],
      [4, true],
    )
    const nobody = await runBin('getone', ['-v3', '-u', 'nobody', snmp, 'sysServices'])
    assert.deepEqual([nobody.code, /knows no such user/.test(nobody.err)], [4, true])
    const level = await runBin('getone', ['-v3', '-u', 'md5', '-a', 'MD5', '-x', 'AES', snmp, 'sysServices'])
    assert.deepEqual([level.code, /no such security level/.test(level.err)], [4, true])
    const below = await runBin('getone', [...as, '-l', 'authNoPriv', snmp, 'sysServices'])
    assert.deepEqual([below.code, /authorizationError/.test(below.err)], [4, true])
    assert.equal((await runBin('getone', ['-v3', snmp, 'sysServices'])).code, 2)
  })
})
