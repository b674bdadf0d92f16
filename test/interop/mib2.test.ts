import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { makeHome, type TestHome, until } from '../support/appliance.ts'
import { NetworkNamespace, namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'

/** Samples are taken every 2 s (links) and 5 s (the rest), details of links every fifth time. */
const toleranceMs = 15_000

const setup = `
ip link add va address 02:00:00:00:00:0a type veth peer name vb address 02:00:00:00:00:0b
ip link add br0 address 02:00:00:00:00:0c type bridge
ip link set vb master br0
ip addr add 10.9.0.1/24 dev va
ip addr add 10.9.8.8/32 dev va
ip addr add fd00:9::1/64 dev va nodad
ip link set va up
ip link set vb up
ip link set br0 up
ip addr add 10.10.0.1/16 dev br0
ip neigh add 10.9.0.77 lladdr 02:00:00:00:00:77 dev va nud permanent
ip -6 neigh add fd00:9::77 lladdr 02:00:00:00:00:78 dev va nud permanent
ip -6 neigh add fe80::99 lladdr 02:00:00:00:00:79 dev va nud permanent
ip route add default via 10.9.0.254 dev va metric 100
ip route add default via 10.9.0.254 dev va metric 200
ip route add 10.77.0.0/16 via 10.9.0.253 dev va
ip -6 route add default via fd00:9::fe dev va
ip -6 route add fd00:77::/48 via fe80::1 dev va
ip -6 route add unreachable fd00:dead::/32
`

/** Sockets of every kind, of one process. */
const sockets = `
const net = require('node:net'), dgram = require('node:dgram')
const hold = []
const listen = (host, port, more) => new Promise((done) => {
  const server = net.createServer((socket) => hold.push(socket)).listen({ host, port, ...more }, () => done(hold.push(server)))
})
const connect = (host, port) => new Promise((done) => { const socket = net.connect(port, host, () => done(hold.push(socket))) })
const bind = (type, address, port) => new Promise((done) => {
  const socket = dgram.createSocket({ type, reuseAddr: true }).bind(port, address, () => done(hold.push(socket) && socket))
})
;(async () => {
  await listen('0.0.0.0', 5551)
  await listen('::1', 5552)
  await listen('10.9.0.1', 5553)
  await listen('::', 5554, { ipv6Only: true })
  await listen('::', 5556)
  await connect('127.0.0.1', 5551)
  await connect('::1', 5552)
  await connect('127.0.0.1', 5556)
  await bind('udp4', '0.0.0.0', 6661)
  await bind('udp4', '239.1.2.3', 6662)
  await bind('udp4', '239.1.2.3', 6662)
  await bind('udp6', '::1', 6663)
  const socket = await bind('udp4', '127.0.0.1', 6664)
  socket.connect(6661, '127.0.0.1', () => console.log('ready'))
})()
`

const missing = namespaceMissing()
const wanted = needs('ip', 'ss', 'snmpwalk', 'nsenter')

describe('mib2 beside ip and ss', missing === undefined ? wanted : { skip: missing }, () => {
  let namespace: NetworkNamespace
  let at: TestHome
  let socketsPid = 0

  before(async () => {
    at = await makeHome()
    const nothing = '# nothing to supervise\n'
    await writeFile(join(at.home.conf, 'subagents', 'critagt.cnf'), nothing, { mode: 0o600 })
    namespace = await NetworkNamespace.create(setup)
    socketsPid = (await namespace.start(process.execPath, '-e', sockets)).pid!
    const { program, args } = daemonCommand('agent', at.home)
    await Promise.race([
      namespace.start(program, ...args),
      until(() => readPidFile(join(at.home.run, 'agent', 'agent.pid')) !== undefined, 10_000, 'the agent'),
    ])
    const subagents = daemonCommand('subagents', at.home)
    await Promise.race([
      namespace.start(subagents.program, ...subagents.args),
      until(() => readPidFile(join(at.home.run, 'subagents', 'subagents.pid')) !== undefined, 10_000, 'the subagents'),
    ])
    await until(async () => (await walk('1.3.6.1.2.1.2.1')).length === 1, 10_000, 'an answer')
  })
  after(async () => {
    await namespace?.stop()
    await rm(at.home.root, { recursive: true, force: true })
  })

  /** Names below the root, and values as net-snmp prints them without their types. */
  const walk = async (root: string): Promise<[instance: string, value: string][]> => {
    const out = await namespace.run('snmpbulkwalk', '-v2c', '-cpublic', '-OnQU', '-t5', at.snmp, root).catch(() => '')
    const lines = out.split('\n').filter((line) => line.startsWith(`.${root}.`))
    return lines.map((line) => {
      const [name = '', value = ''] = line.split(' = ')
      return [name.slice(root.length + 2), value.replaceAll('"', '').trim()]
    })
  }
  const column = async (root: string): Promise<Map<string, string>> => new Map(await walk(root))
  const json = async (...words: string[]) => JSON.parse((await namespace.run(...words)) || '[]')

  /** Looks again until both agree: what is sampled is behind by a sample at most. */
  const agree = async (ours: () => Promise<unknown>, theirs: () => Promise<unknown>): Promise<void> => {
    let last: [unknown, unknown] = [undefined, undefined]
    const isSame = async (): Promise<boolean> => {
      last = [await ours(), await theirs()]
      try {
        assert.deepEqual(...last)
        return true
      } catch {
        return false
      }
    }
    await until(isSame, toleranceMs).catch(() => assert.deepEqual(...last))
  }

  const octetsOf = (ids: string): number[] => ids.split('.').map(Number)
  /** The textual address of the octets of an index. */
  const addressOf = (octets: readonly number[]): string => {
    if (octets.length === 4) return octets.join('.')
    const groups = Array.from({ length: 8 }, (_, at) => (octets[at * 2]! * 256 + octets[at * 2 + 1]!).toString(16))
    return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
  }
  /** Takes InetAddressType, the length and the address from an index. */
  const takeAddress = (ids: number[]): string => {
    const [, length = 0] = ids.splice(0, 2)
    return addressOf(ids.splice(0, length))
  }

  test('ifTable and ifXTable agree with ip -s link: names, MTU, addresses, states, octets and packets', async () => {
    const ours = async (): Promise<unknown> => {
      const [names, mtus, physical, admin, inOctets, outOctets, outPackets, discards] = await Promise.all(
        ['31.1.1.1.1', '2.2.1.4', '2.2.1.6', '2.2.1.7', '31.1.1.1.6', '31.1.1.1.10', '31.1.1.1.11', '2.2.1.13'].map(
          (end) => column(`1.3.6.1.2.1.${end}`),
        ),
      )
      return [...names!].map(([index, name]) => ({
        index: Number(index),
        name,
        mtu: Number(mtus!.get(index)),
        address: physical!.get(index)!.trim().replaceAll(' ', ':').toLowerCase(),
        isUp: admin!.get(index) === '1',
        inOctets: inOctets!.get(index),
        outOctets: outOctets!.get(index),
        outPackets: outPackets!.get(index),
        discards: discards!.get(index),
      }))
    }
    const theirs = async (): Promise<unknown> =>
      (await json('ip', '-s', '-j', 'link'))
        .map((link: Record<string, never>) => {
          const { rx, tx } = (link as unknown as { stats64: Record<'rx' | 'tx', Record<string, number>> }).stats64
          const { ifindex, ifname, mtu, address, flags } = link as unknown as Record<string, string> & {
            flags: string[]
          }
          return {
            index: ifindex,
            name: ifname,
            mtu,
            address: address === '00:00:00:00:00:00' ? '' : address,
            isUp: flags.includes('UP'),
            inOctets: `${rx.bytes}`,
            outOctets: `${tx.bytes}`,
            outPackets: `${tx.packets}`,
            discards: `${rx.dropped}`,
          }
        })
        .sort((a: { index: number }, b: { index: number }) => a.index - b.index)
    // Loopback carries the walk itself; it is compared without its counters.
    const quiet = async (of: () => Promise<unknown>): Promise<unknown> =>
      ((await of()) as { name: string }[]).map((link) =>
        link.name === 'lo' ? { ...link, inOctets: '', outOctets: '', outPackets: '' } : link,
      )
    await agree(
      () => quiet(ours),
      () => quiet(theirs),
    )
  })

  test('a port of a bridge is the layer below it in ifStackTable', async () => {
    const names = await column('1.3.6.1.2.1.31.1.1.1.1')
    const indexOf = (name: string) => [...names].find(([, other]) => other === name)![0]
    const stack = await column('1.3.6.1.2.1.31.1.2.1.3')
    assert.equal(stack.get(`${indexOf('br0')}.${indexOf('vb')}`), '1')
    assert.equal(stack.get(`0.${indexOf('va')}`), '1')
    assert.equal(stack.has(`0.${indexOf('vb')}`), false, 'a bridge is above it')
  })

  test('ipAddressTable, its prefixes and ipAddrTable agree with ip addr', async () => {
    interface Shown {
      ifindex: number
      addr_info: { family: string; local: string; prefixlen: number }[]
    }
    const theirs = async (four: boolean): Promise<string[]> =>
      ((await json('ip', '-j', 'addr')) as Shown[])
        .flatMap(({ ifindex, addr_info }) =>
          addr_info
            .filter(({ family }) => !four || family === 'inet')
            .map(({ local, prefixlen }) => `${ifindex} ${local}/${prefixlen}`),
        )
        .sort()
    await agree(
      async () => {
        const prefixes = await column('1.3.6.1.2.1.4.34.1.5')
        return [...(await column('1.3.6.1.2.1.4.34.1.3'))]
          .map(([instance, index]) => {
            const length = prefixes.get(instance)!.split('.').at(-1)
            return `${index} ${takeAddress(octetsOf(instance))}/${length}`
          })
          .sort()
      },
      () => theirs(false),
    )
    await agree(
      async () => {
        const masks = await column('1.3.6.1.2.1.4.20.1.3')
        return [...(await column('1.3.6.1.2.1.4.20.1.2'))]
          .map(([address, index]) => {
            const bits = octetsOf(masks.get(address)!).reduce(
              (sum, octet) => sum + octet.toString(2).split('1').length - 1,
              0,
            )
            return `${index} ${address}/${bits}`
          })
          .sort()
      },
      () => theirs(true),
    )
    const [pointer = ''] = (await column('1.3.6.1.2.1.4.34.1.5')).values()
    const origin = await namespace.run('snmpget', '-v2c', '-cpublic', '-OnQ', at.snmp, pointer)
    assert.match(origin, / = [1-5]\n$/, 'ipAddressPrefix points to a row that is there')
  })

  test('neighbours of IPv6 come and go with those of ip -6 neigh', async () => {
    const theirs = async (): Promise<string[]> =>
      ((await json('ip', '-6', '-j', 'neigh')) as { dst: string; dev: string; lladdr?: string }[])
        .map(({ dst, dev, lladdr = '' }) => `${dst} ${lladdr} ${dev}`)
        .sort()
    const ours = async (): Promise<string[]> => {
      const links = await column('1.3.6.1.2.1.31.1.1.1.1')
      return [...(await column('1.3.6.1.2.1.4.35.1.4'))]
        .flatMap(([instance, value]) => {
          const [ifIndex, type, length = 0, ...octets] = octetsOf(instance)
          if (type === 1) return []
          // A link-local address is an ipv6z, whose last four octets are the zone: its ifIndex (RFC 4001).
          assert.deepEqual([type, length], octets[0] === 0xfe ? [4, 20] : [2, 16])
          if (type === 4) assert.equal(octets.splice(16).at(-1), ifIndex)
          return [`${addressOf(octets)} ${value.replaceAll(' ', ':').toLowerCase()} ${links.get(`${ifIndex}`)}`]
        })
        .sort()
    }
    await agree(ours, theirs)
    assert.deepEqual(await ours(), ['fd00:9::77 02:00:00:00:00:78 va', 'fe80::99 02:00:00:00:00:79 va'])
    const states = await column('1.3.6.1.2.1.4.35.1.6')
    assert.equal(
      [...states.values()].every((type) => type === '4'),
      true,
      'all of them are static',
    )
    await namespace.run('ip', '-6', 'neigh', 'del', 'fd00:9::77', 'dev', 'va')
    await agree(ours, theirs)
    assert.equal((await ours()).length, 1)
  })

  test('neighbours of IPv4 agree with ip neigh, in ipNetToPhysicalTable, ipNetToMediaTable and atTable', async () => {
    const theirs = async (): Promise<string[]> =>
      ((await json('ip', '-4', '-j', 'neigh')) as { dst: string; lladdr?: string }[])
        .flatMap(({ dst, lladdr }) => (lladdr ? [`${dst} ${lladdr}`] : []))
        .sort()
    const physical = (text: string): string => text.trim().replaceAll(' ', ':').toLowerCase()
    const roots: [string, (instance: string) => string][] = [
      ['1.3.6.1.2.1.4.35.1.4', (instance) => takeAddress(octetsOf(instance).slice(1))],
      ['1.3.6.1.2.1.4.22.1.2', (instance) => instance.split('.').slice(1).join('.')],
      ['1.3.6.1.2.1.3.1.1.2', (instance) => instance.split('.').slice(2).join('.')],
    ]
    const isOfIpv6 = (root: string, instance: string) => root.includes('.4.35.') && octetsOf(instance)[1] !== 1
    assert.ok((await theirs()).includes('10.9.0.77 02:00:00:00:00:77'))
    for (const [root, nameOf] of roots) {
      await agree(
        async () =>
          [...(await column(root))]
            .filter(([instance, value]) => value !== '' && !isOfIpv6(root, instance))
            .map(([instance, value]) => `${nameOf(instance)} ${physical(value)}`)
            .sort(),
        theirs,
      )
    }
  })

  test('inetCidrRouteTable agrees with ip route and ip -6 route, metrics and next hops included', async () => {
    interface Shown {
      dst: string
      gateway?: string
      dev: string
      metric?: number
      type?: string
    }
    const names = async (): Promise<Map<string, string>> => column('1.3.6.1.2.1.31.1.1.1.1')
    const theirs = async (): Promise<string[]> => {
      const four = (await json('ip', '-j', 'route')) as Shown[]
      const six = (await json('ip', '-6', '-j', 'route')) as Shown[]
      const one =
        (any: string, bits: number) =>
        ({ dst, gateway, dev, metric = 0, type }: Shown) => {
          const to = dst === 'default' ? `${any}/0` : dst.includes('/') ? dst : `${dst}/${bits}`
          return `${to} via ${gateway ?? ''} dev ${dev} metric ${metric}${type === 'unreachable' ? ' reject' : ''}`
        }
      return [...four.map(one('0.0.0.0', 32)), ...six.map(one('::', 128))].sort()
    }
    await agree(async () => {
      const links = await names()
      const metrics = await column('1.3.6.1.2.1.4.24.7.1.12')
      const types = await column('1.3.6.1.2.1.4.24.7.1.8')
      return [...(await column('1.3.6.1.2.1.4.24.7.1.7'))]
        .map(([instance, index]) => {
          const ids = octetsOf(instance)
          const to = takeAddress(ids)
          const [length] = ids.splice(0, 1)
          const [policyLength = 0] = ids.splice(0, 1)
          ids.splice(0, policyLength)
          const via = ids[1] === 0 ? '' : takeAddress(ids)
          const reject = types.get(instance) === '2' ? ' reject' : ''
          return `${to}/${length} via ${via} dev ${links.get(index)} metric ${metrics.get(instance)}${reject}`
        })
        .sort()
    }, theirs)
    assert.equal((await column('1.3.6.1.2.1.4.24')).get('6.0'), `${(await theirs()).length}`)
    const routers = [...(await column('1.3.6.1.2.1.4.37.1.5')).keys()].map((instance) =>
      takeAddress(octetsOf(instance)),
    )
    assert.deepEqual(routers.sort(), ['10.9.0.254', 'fd00:9::fe'])
  })

  /** ss prints [::ffff:127.0.0.1]:5556 and *:5554; the tables say 127.0.0.1 and ::, as /proc does. */
  const endpoint = (text: string): string =>
    text
      .replace(/^\[?::ffff:([\d.]+)\]?/, '$1')
      .replace(/^\*:/, '[::]:')
      .replace(/%\w+/, '')
  const shown = (address: string, port: number): string =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const ss = async (flags: string): Promise<string[][]> =>
    (await namespace.run('ss', '-Hnp', flags))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.trim().split(/\s+/))

  test('ipRouteTable has a row for each destination of ip route, with its next hop, mask and interface', async () => {
    const links = await column('1.3.6.1.2.1.31.1.1.1.1')
    const ours = async () => {
      const [hops, indexes, masks] = await Promise.all([7, 2, 11].map((one) => column(`1.3.6.1.2.1.4.21.1.${one}`)))
      return [...hops!].map(([dst, hop]) => `${dst} ${masks!.get(dst)} ${hop} ${links.get(indexes!.get(dst)!)}`).sort()
    }
    const maskOf = (bits: number): string =>
      [0, 8, 16, 24].map((at) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - at)))).join('.')
    const theirs = async () => {
      const routes: { dst: string; gateway?: string; dev: string }[] = await json('ip', '-4', '-json', 'route')
      const rows = routes.map(({ dst, gateway = '0.0.0.0', dev }) => {
        const [address, bits = '32'] = (dst === 'default' ? '0.0.0.0/0' : dst).split('/')
        return `${address} ${maskOf(Number(bits))} ${gateway} ${dev}`
      })
      return [...new Set(rows)].sort()
    }
    await agree(ours, theirs)
    assert.ok((await ours()).length >= 4)
  })

  test('tcpListenerTable and tcpConnectionTable agree with ss -t, and name the process', async () => {
    await agree(
      async () =>
        [...(await column('1.3.6.1.2.1.6.20.1.4'))]
          .map(([instance, pid]) => {
            const ids = octetsOf(instance)
            return `${shown(takeAddress(ids), ids[0]!)} ${pid}`
          })
          .sort(),
      async () =>
        (await ss('-tl'))
          .map(([, , , local = '', , process = '']) => `${endpoint(local)} ${/pid=(\d+)/.exec(process)?.[1]}`)
          .sort(),
    )
    const connections = async (): Promise<string[]> =>
      [...(await column('1.3.6.1.2.1.6.19.1.8'))]
        .map(([instance, pid]) => {
          const ids = octetsOf(instance)
          const local = shown(takeAddress(ids), ids.splice(0, 1)[0]!)
          return `${local} ${shown(takeAddress(ids), ids[0]!)} ${pid}`
        })
        .sort()
    await agree(connections, async () =>
      (await ss('-t'))
        .map(
          ([, , , local = '', remote = '', process = '']) =>
            `${endpoint(local)} ${endpoint(remote)} ${/pid=(\d+)/.exec(process)?.[1]}`,
        )
        .sort(),
    )
    const found = await connections()
    assert.equal(found.length, 6, 'both ends of three connections')
    assert.ok(found.every((one) => one.endsWith(` ${socketsPid}`)))
    const old = await column('1.3.6.1.2.1.6.13.1.1')
    assert.equal(old.get('0.0.0.0.5551.0.0.0.0.0'), '2', 'RFC 1213 has listeners among connections')
    assert.equal([...old.values()].filter((state) => state === '5').length, 4, 'and IPv4 alone')
  })

  test('udpEndpointTable agrees with ss -u: two of one endpoint are two rows', async () => {
    const theirs = async (): Promise<string[]> =>
      (await ss('-ua'))
        .map(([, , , local = '', remote = '', process = '']) => {
          const to = /(^|:|\])\*$/.test(remote) ? '' : endpoint(remote)
          return `${endpoint(local)} ${to} ${/pid=(\d+)/.exec(process)?.[1]}`
        })
        .filter((one) => one.endsWith(` ${socketsPid}`))
        .sort()
    await agree(
      async () =>
        [...(await column('1.3.6.1.2.1.7.7.1.8'))]
          .map(([instance, pid]) => {
            const ids = octetsOf(instance)
            const local = shown(takeAddress(ids), ids.splice(0, 1)[0]!)
            const isOpen = ids[0] === 0
            const remote = takeAddress(ids)
            return `${local} ${isOpen ? '' : shown(remote, ids[0]!)} ${pid}`
          })
          .filter((one) => one.endsWith(` ${socketsPid}`))
          .sort(),
      theirs,
    )
    assert.equal((await theirs()).filter((one) => one.startsWith('239.1.2.3:6662 ')).length, 2)
  })

  test('links that appear and vanish do so in every table, and ifTableLastChange tells', async () => {
    const changed = async () => (await column('1.3.6.1.2.1.31.1')).get('5.0')
    const names = async () => [...(await column('1.3.6.1.2.1.31.1.1.1.1')).values()]
    const addresses = async () => [...(await column('1.3.6.1.2.1.4.20.1.2')).keys()]
    // HOST-RESOURCES-MIB has it too: a network device that names its ifIndex.
    const device = async (): Promise<string | undefined> =>
      [...(await column('1.3.6.1.2.1.25.3.2.1.3'))].find(([, name]) => name === 'network interface vc')?.[0]
    const earlier = await changed()
    await namespace.run('ip', 'link', 'add', 'vc', 'type', 'veth', 'peer', 'name', 'vd')
    await namespace.run('ip', 'addr', 'add', '10.11.0.1/24', 'dev', 'vc')
    // Up without a carrier: getifaddrs leaves it out, and the trie has it.
    await namespace.run('ip', 'link', 'set', 'vc', 'up')
    await until(async () => (await names()).includes('vc'), toleranceMs, 'the link')
    await until(async () => (await addresses()).includes('10.11.0.1'), toleranceMs, 'its address')
    assert.notEqual(await changed(), earlier)
    await until(async () => (await device()) !== undefined, toleranceMs, 'its device')
    const ifIndex = [...(await column('1.3.6.1.2.1.31.1.1.1.1'))].find(([, name]) => name === 'vc')![0]
    assert.equal((await column('1.3.6.1.2.1.25.3.4.1.1')).get((await device())!), ifIndex)
    await namespace.run('ip', 'link', 'del', 'vc')
    await until(async () => !(await names()).includes('vc'), toleranceMs, 'the end of the link')
    await until(async () => !(await addresses()).includes('10.11.0.1'), toleranceMs, 'the end of its address')
    await until(async () => (await device()) === undefined, toleranceMs, 'the end of its device')
  })

  test('links have the octets of their names, be they UTF-8 or not, and their addresses and routes point to them', async () => {
    const latin = "$(printf 'b\\374ro1')"
    await namespace.run(
      'sh',
      '-ec',
      `ip link add büro0 type veth peer name ${latin}
      ip link set ${latin} alias "$(printf 'Z\\374rich \\303\\240')"
      ip addr add 10.12.0.1/24 dev büro0
      ip link set büro0 up
      ip link set ${latin} up
      ip addr add 10.13.0.1/24 dev ${latin}
      ip neigh add 10.12.0.9 lladdr 02:00:00:00:00:09 dev büro0 nud permanent`,
    )
    const hex = async (root: string): Promise<Map<string, string>> => {
      const out = await namespace.run('snmpbulkwalk', '-v2c', '-cpublic', '-Onqx', '-t5', at.snmp, root).catch(() => '')
      const lines = [...out.matchAll(/^\.([\d.]+) "([0-9A-F \n]*)"/gm)]
      return new Map(lines.map(([, name = '', value = '']) => [name.slice(root.length + 1), value.replace(/\s/g, '')]))
    }
    const hexOf = (octets: string): string => Buffer.from(octets, 'latin1').toString('hex').toUpperCase()
    const utf8 = Buffer.from('büro0').toString('hex').toUpperCase()
    const find = async (root: string, value: string): Promise<string | undefined> =>
      [...(await hex(root))].find(([, found]) => found === value)?.[0]
    for (const root of ['1.3.6.1.2.1.2.2.1.2', '1.3.6.1.2.1.31.1.1.1.1']) {
      await until(async () => (await find(root, utf8)) !== undefined, toleranceMs, 'the link in UTF-8')
      await until(async () => (await find(root, hexOf('b\xfcro1'))) !== undefined, toleranceMs, 'the link in Latin-1')
    }
    const first = (await find('1.3.6.1.2.1.2.2.1.2', utf8))!
    const second = (await find('1.3.6.1.2.1.2.2.1.2', hexOf('b\xfcro1')))!
    const alias = hexOf('Z\xfcrich \xc3\xa0')
    await agree(
      async () => (await hex('1.3.6.1.2.1.31.1.1.1.18')).get(second),
      async () => alias,
    )
    const indexes = async () => {
      const addresses = await column('1.3.6.1.2.1.4.20.1.2')
      const routes = [...(await column('1.3.6.1.2.1.4.24.7.1.7'))]
      const neighbours = [...(await column('1.3.6.1.2.1.4.22.1.2')).keys()]
      return [
        addresses.get('10.12.0.1'),
        addresses.get('10.13.0.1'),
        routes.find(([key]) => key.startsWith('1.4.10.12.0.0.24.'))?.[1],
        routes.find(([key]) => key.startsWith('1.4.10.13.0.0.24.'))?.[1],
        neighbours.find((key) => key.endsWith('.10.12.0.9'))?.split('.')[0],
      ]
    }
    await agree(indexes, async () => [first, second, first, second, first])
    const device = async (name: string): Promise<string | undefined> => {
      const index = await find('1.3.6.1.2.1.25.3.2.1.3', `${hexOf('network interface ')}${name}`)
      return (await column('1.3.6.1.2.1.25.3.4.1.1')).get(index ?? '')
    }
    await agree(
      async () => [await device(utf8), await device(hexOf('b\xfcro1'))],
      async () => [first, second],
    )
    await namespace.run('ip', 'link', 'del', 'büro0')
  })

  test('a link made again with the same ifIndex, of another kind: linkDown, a discontinuity and ifLastChange', async () => {
    const timesOf = async (): Promise<(string | undefined)[]> => [
      (await column('1.3.6.1.2.1.2.2.1.9')).get('77'),
      (await column('1.3.6.1.2.1.31.1.1.1.19')).get('77'),
    ]
    const octets = async (): Promise<number> => Number((await column('1.3.6.1.2.1.31.1.1.1.10')).get('77'))
    const notified = (sentence: string): boolean =>
      readFileSync(join(at.home.logs, 'agent', 'agent.log'), 'utf8').includes(`sentence="${sentence}"`)
    await namespace.run('ip', 'link', 'add', 'again', 'index', '77', 'type', 'veth', 'peer', 'name', 'again1')
    await namespace.run('ip', 'link', 'set', 'again', 'up')
    await namespace.run('ip', 'link', 'set', 'again1', 'up')
    await until(async () => (await octets()) > 0, toleranceMs, 'the link and what it sent')
    const before = await timesOf()
    await namespace.run(
      'sh',
      '-ec',
      `ip link del again
      ip link add other index 77 type bridge
      ip link set other up`,
    )
    await until(() => notified('link again went from up to notPresent'), toleranceMs, 'linkDown')
    await until(async () => (await timesOf())[1] !== before[1], toleranceMs, 'the discontinuity')
    const [lastChange, discontinuity] = await timesOf()
    assert.notEqual(lastChange, before[0])
    assert.notEqual(discontinuity, '0:0:00:00.00')
    await namespace.run('ip', 'link', 'del', 'other')
  })
})
