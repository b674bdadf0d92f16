/** sipd and the DNS as they meet in the field: nsd has the zones, and SIPp and a second sipd are the next hops. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { until } from '../support/appliance.ts'
import { type Nsd, startNsd } from '../support/nsd.ts'
import { needs } from '../support/peers.ts'
import { call, startCallee } from '../support/sip-call.ts'
import { exchange, header, openUdp, requestText, statusOf } from '../support/sip-client.ts'
import { freePorts } from '../support/sip-ports.ts'
import { type SipServer, withSipServer } from '../support/sip-under-test.ts'
import { startSipd } from '../support/sipd.ts'
import { startSipp } from '../support/sipp.ts'

/** 64*T1, after which a silent next hop is given up, is 3.2 s. */
const quickly = 'SipT1InMs 50'

/** Takes connections and says nothing; counts what it is sent. */
async function silentPeer(port: number) {
  const sockets = new Set<Socket>()
  let invites = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (octets) => {
      if (octets.toString('latin1').startsWith('INVITE')) invites++
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    invites: () => invites,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

async function withNsd(zones: Parameters<typeof startNsd>[0], use: (nsd: Nsd) => Promise<void>): Promise<void> {
  const nsd = await startNsd(zones)
  try {
    await use(nsd)
  } finally {
    await nsd.stop()
  }
}

/** The final response to a MESSAGE from this machine. */
async function message(server: SipServer, uri: string): Promise<string> {
  const client = await openUdp(server)
  try {
    return await exchange(client, requestText('MESSAGE', uri, client), 10_000)
  } finally {
    client.close()
  }
}

/** DebugFlags of names and numbers, and ENUM itself, begin to count while it runs. */
async function tellsMoreAfterGraceful(server: SipServer): Promise<void> {
  if (server.home === undefined) return
  const more = ['DebugFlag Routing On', 'DebugFlag Enum On', 'Cisco_Enum On', 'Cisco_Enum_Global_Domain nsd.test']
  appendFileSync(join(server.home, 'conf', 'sipd', 'sipd.conf'), `${more.join('\n')}\n`)
  assert.doesNotMatch(server.log(), /the next hop was chosen/)
  await server.graceful()
  await message(server, 'sip:+4420@example.test')
  await message(server, 'sip:bob@other.nsd.test')
  for (const line of [/a number was looked up.*0\.2\.4\.4\.nsd\.test/, /the next hop was chosen.*other\.nsd\.test/])
    await until(() => line.test(server.log()), 5000, String(line))
}

describe('sipd and nsd', needs('nsd', 'sipp'), () => {
  test('of three targets of a number in ENUM one refuses, one is silent and one answers: it has the call, and the next at once', async () => {
    const [refusing, silent, good] = [await freePorts(1), await freePorts(1), await freePorts(1)]
    const zones = {
      'e164.test': [
        '0.0.1.0.5.5.5.1 IN NAPTR 100 10 "u" "E2U+sip" "!^.1(.*)$!sip:\\\\1@farm.nsd.test;transport=tcp!" .',
      ],
      'nsd.test': [
        `_sip._tcp.farm IN SRV 1 0 ${refusing} refusing`,
        `_sip._tcp.farm IN SRV 2 0 ${silent} silent`,
        `_sip._tcp.farm IN SRV 3 0 ${good} good`,
        ...['refusing', 'silent', 'good'].map((name) => `${name} IN A 127.0.0.1`),
      ],
    }
    const peer = await silentPeer(silent)
    const callee = await startSipp({
      scenario: 'uas-answer',
      port: good,
      transport: 't1',
      calls: 2,
      timeoutSeconds: 30,
    })
    try {
      await withNsd(zones, (nsd) =>
        withSipServer(
          {
            recordRoute: true,
            more: [quickly, `NameServer 127.0.0.1:${nsd.port}`, 'Cisco_Enum On', 'Cisco_Enum_Global_Domain e164.test'],
          },
          async (server) => {
            await call(server, { scenario: 'uac-call', user: '+15550100', timeoutSeconds: 30 })
            assert.equal(peer.invites(), 1)
            await call(server, { scenario: 'uac-call', user: '+1-555-0100' })
            assert.equal(peer.invites(), 1, 'the second call went straight to the good one')
            await callee.succeeded()
          },
        ),
      )
    } finally {
      await callee.stop()
      peer.close()
    }
  })

  test('another sipd is found by NAPTR, SRV and A records, and the caller of a name that does not exist reads which it was', async () => {
    const second = await startSipd({ more: ['ServerName second.nsd.test'] })
    try {
      const zones = {
        'nsd.test': [
          'second IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.second',
          'second IN NAPTR 90 50 "s" "SIP+D2U" "" _sip._udp.second',
          'second IN A 192.0.2.1',
          `_sip._udp.second IN SRV 1 1 ${second.port} host.second`,
          'host.second IN A 127.0.0.1',
        ],
      }
      await withNsd(zones, (nsd) =>
        withSipServer({ more: [quickly, `NameServer 127.0.0.1:${nsd.port}`] }, async (server) => {
          const there = await message(server, 'sip:nobody@second.nsd.test')
          assert.equal(statusOf(there), 404)
          assert.equal(header(there, 'Warning'), undefined, 'it is the answer of the other one')
          const nowhere = await message(server, 'sip:bob@none.nsd.test')
          assert.equal(statusOf(nowhere), 404)
          assert.equal(header(nowhere, 'Warning'), '399 castellan "the name none.nsd.test has no address"')
          await tellsMoreAfterGraceful(server)
        }),
      )
    } finally {
      await second.stop()
    }
  })

  test('while no name server answers, registered phones are called as ever, and a name is 480', async () => {
    const down = await freePorts(1)
    await withSipServer({ recordRoute: true, more: [`NameServer 127.0.0.1:${down}`] }, async (server) => {
      const callee = await startCallee(server, { scenario: 'uas-answer' })
      const waiting = message(server, 'sip:bob@gateway.example')
      await call(server, { scenario: 'uac-call' })
      await callee.succeeded()
      const refused = await waiting
      assert.equal(statusOf(refused), 480)
      assert.equal(header(refused, 'Warning'), '399 castellan "no name server answered for gateway.example"')
    })
  })
})
