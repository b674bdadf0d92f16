import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { hostAddresses, NamespacePair } from '../support/namespace-pair.ts'
import { namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'
import { Baresip, type BaresipOptions } from '../support/sip-baresip.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'
import { withSipServer } from '../support/sip-under-test.ts'

/** Two telephones call, hold, transfer and hang up, with a graceful restart of sipd in mid-call. */
async function talk(options: Omit<BaresipOptions, 'user'>, graceful: () => Promise<void>): Promise<void> {
  const phones: Baresip[] = []
  const phone = async (user: string): Promise<Baresip> => {
    const made = await Baresip.controlled({ ...options, user })
    phones.push(made)
    return made
  }
  try {
    const [ann, bob, carol] = [await phone('ann'), await phone('bob'), await phone('carol')]
    ann.press('dial', 'sip:bob@example.test')
    for (const one of [ann, bob]) await one.next(/Call established/)
    ann.press('hold')
    await bob.next(/a=(?:sendonly|inactive)/)
    await graceful()
    ann.press('resume')
    await bob.next(/a=sendrecv/)
    bob.press('hold')
    await ann.next(/a=(?:sendonly|inactive)/)
    bob.press('resume')
    await ann.next(/a=sendrecv/)
    // Blind: ann is told by bob to call carol.
    bob.press('transfer', 'sip:carol@example.test')
    await carol.next(/Call established/)
    await ann.next(/Call established/)
    await bob.printed(/"CALL_CLOSED"[^}]*ann@example\.test/)
    carol.press('hangup')
    await ann.printed(/"CALL_CLOSED"[^}]*carol@example\.test/)
  } finally {
    for (const one of phones) await one.stop()
  }
}

const wanted = needs('baresip', 'openssl', '/usr/lib/baresip/modules/ctrl_tcp.so')

describe('telephones at connections of their own', wanted, () => {
  let made: Certificates
  before(() => {
    made = makeCertificates('127.0.0.1')
  })
  after(() => rm(made.folder, { recursive: true, force: true }))

  for (const workers of [1, 3])
    for (const transport of ['tls', 'tcp'] as const)
      test(`call, hold, transfer and hang up over ${transport} through a graceful restart, with StartServers ${workers}`, () =>
        withSipServer(
          { recordRoute: true, workers, tls: { ...made.server, authority: made.authority, mutual: false } },
          async (server) => {
            const port = transport === 'tls' ? server.tlsPort : server.port
            const common = { proxy: `${server.host}:${port}`, transport, authority: made.authority }
            await talk({ ...common, isOutbound: workers === 3 }, () => server.graceful())
          },
        ))
})

const missing = namespaceMissing()

describe('telephones behind NAT', missing === undefined ? { ...wanted, ...needs('nft') } : { skip: missing }, () => {
  let made: Certificates
  let pair: NamespacePair
  before(async () => {
    made = makeCertificates(hostAddresses.v4)
    pair = await NamespacePair.create()
    // The telephones have an address that nobody else can reach, and leave by that of the link, from other ports.
    const setup = [
      'ip addr add 10.1.0.2/32 dev lo',
      'nft add table ip nat',
      'nft add chain ip nat out "{ type nat hook postrouting priority 100; }"',
      'nft add rule ip nat out ip saddr 10.1.0.0/24 ip daddr != 10.1.0.0/24 meta l4proto "{ tcp, udp }" masquerade to :20000-30000 random',
    ]
    await pair.inPeer('sh', '-c', setup.join(' && '))
  })
  after(async () => {
    await pair?.stop()
    await rm(made.folder, { recursive: true, force: true })
  })

  for (const workers of [1, 3])
    for (const transport of ['udp', 'tcp', 'tls'] as const)
      test(`call, hold, transfer and hang up over ${transport} through a graceful restart, with StartServers ${workers}`, async () => {
        const home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-nat-')))
        mkdirSync(join(home.conf, 'sipd'), { recursive: true, mode: 0o700 })
        const { certificate, key } = made.server
        const lines = [
          'Listen 5060',
          'ProxyDomain example.test',
          'User root',
          `StartServers ${workers}`,
          // Where a phone is behind NAT sipd stays in the path without AddRecordRoute, too.
          `AddRecordRoute ${workers === 1 ? 'Off' : 'On'}`,
          'SipTlsEnable On',
          `SipTlsCertificateFile ${certificate}`,
          `SipTlsCertificateKeyFile ${key}`,
        ]
        writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })
        const order = (word: string) => pair.host.run(join(programRoot, 'bin', 'sip'), word, '--home', home.root)
        await order('start')
        try {
          await talk(
            {
              proxy: `${hostAddresses.v4}:${transport === 'tls' ? 5061 : 5060}`,
              transport,
              authority: made.authority,
              address: '10.1.0.2',
              isOutbound: workers === 3,
              within: (...words) => pair.host.command(...pair.atPeer(...words)),
            },
            async () => {
              await order('graceful')
            },
          )
        } finally {
          await order('stop')
          await rm(home.root, { recursive: true, force: true })
        }
      })
})
