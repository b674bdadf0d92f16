import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Home, resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { until } from '../support/appliance.ts'
import { hostAddresses, NamespacePair } from '../support/namespace-pair.ts'
import { namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'

const missing = namespaceMissing()
const wanted = needs('ip', 'nsenter')
const sip = join(programRoot, 'bin', 'sip')
const port = 5060 // of a network of its own

describe(
  'a sipd of two workers that listens on all addresses',
  missing === undefined ? wanted : { skip: missing },
  () => {
    let pair: NamespacePair
    let home: Home

    before(async () => {
      home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-sipd-')))
      mkdirSync(join(home.conf, 'sipd'), { recursive: true, mode: 0o700 })
      const lines = [`Listen ${port}`, `Listen [::]:${port}`, 'ProxyDomain example.test', 'StartServers 2', 'User root']
      writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })
      pair = await NamespacePair.create()
      await pair.host.run(sip, 'start', '--home', home.root)
    })

    after(async () => {
      await pair?.host.run(sip, 'stop', '--home', home.root).catch(() => {})
      await pair?.stop()
      await rm(home.root, { recursive: true, force: true })
    })

    /** OPTIONS over UDP by a socket that takes no answer but from the address asked. */
    async function ping(address: string): Promise<boolean> {
      const uri = `sip:${address.includes(':') ? `[${address}]` : address}:${port}`
      return pair.inPeer(sip, 'ping', '--timeout', '2', '--uri', uri).then(
        (out) => /^SIP\/2\.0 200 /.test(out),
        () => false,
      )
    }

    for (const [name, address] of Object.entries(hostAddresses))
      test(`answers over UDP from the address that was asked, ${name} ${address} (RFC 3261 §18.2.2)`, async () => {
        assert.equal(await ping(address), true)
      })

    test('serves an address that is added while it runs', async () => {
      await pair.host.run('ip', 'addr', 'add', '10.77.0.7/24', 'dev', 'hv0')
      await until(() => ping('10.77.0.7'), 10_000, 'an answer')
    })

    test('the workers after a graceful restart answer as those before did', async () => {
      await pair.host.run(sip, 'graceful', '--home', home.root)
      for (const address of [hostAddresses.v4Second, hostAddresses.v6, '10.77.0.7'])
        assert.equal(await ping(address), true, address)
    })
  },
)
