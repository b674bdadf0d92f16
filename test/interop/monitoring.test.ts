import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, passphrase, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { type ExporterModule, type Metric, type Sample, SnmpExporter } from '../support/snmp-exporter.ts'

const plugin = '/usr/lib/nagios/plugins/check_snmp'
const userName = 'monitor'
const sysDescr = '1.3.6.1.2.1.1.1.0'
const sysUpTime = '1.3.6.1.2.1.1.3.0'
const hrMemorySize = '1.3.6.1.2.1.25.2.2.0'
const hrProcessorLoad = '1.3.6.1.2.1.25.3.3.1.2'
let appliance: Appliance
/** What `castellan user add` printed. */
let printed = ''

async function startAppliance(): Promise<void> {
  appliance = new Appliance(await makeHome())
  const made = await appliance.castellan('user', 'add', userName, '--auth', 'SHA', '--priv', 'AES', '--group', 'read')
  assert.equal(made.code, 0, made.err)
  printed = made.out
  assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
}

describe('check_snmp of the monitoring plugins', needs(plugin, 'snmpget'), () => {
  before(startAppliance)
  after(() => appliance.stop())

  const check = (...words: string[]): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      const port = `${appliance.at.snmpPort}`
      const env = { ...process.env, MIBS: '' }
      execFile(plugin, ['-H', '127.0.0.1', '-p', port, '-t', '5', ...words], { env }, (error, out) => {
        resolve({ code: error ? Number(error.code) : 0, out })
      })
    })
  const memoryKb = Number(/^MemTotal: +(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1])
  const v3 = ['-P', '3', '-L', 'authPriv', '-U', userName, '-a', 'SHA', '-A', passphrase.auth, '-x', 'AES']

  for (const [version, words] of [
    ['1', ['-P', '1', '-C', 'public']],
    ['2c', ['-P', '2c', '-C', 'public']],
    ['3 with privacy', [...v3, '-X', passphrase.priv]],
  ] as const) {
    test(`version ${version}: a value within its thresholds is OK, beyond them WARNING and CRITICAL, with its figure`, async () => {
      const size = async (warning: number, critical: number) =>
        check(...words, '-o', hrMemorySize, '-w', `${warning}`, '-c', `${critical}`, '-l', 'memory')
      const [ok, warned, critical] = [await size(memoryKb, memoryKb), await size(1, memoryKb), await size(1, 2)]
      assert.deepEqual([ok.code, warned.code, critical.code], [0, 1, 2], `${ok.out}${warned.out}${critical.out}`)
      assert.match(ok.out, new RegExp(`^SNMP OK - memory ${memoryKb} \\| `))
    })
  }

  test('several objects in one check, text against a pattern, and a wrong community is UNKNOWN', async () => {
    const loads = cpus().map((_, at) => `${hrProcessorLoad}.${at + 1}`)
    const several = await check('-P', '2c', '-C', 'public', '-o', [hrMemorySize, ...loads].join(','))
    assert.equal(several.code, 0, several.out)
    assert.equal([...several.out.split('|')[1]!.matchAll(/=\d+/g)].length, loads.length + 1, several.out)
    const text = (pattern: string) => check('-P', '2c', '-C', 'public', '-o', sysDescr, '-r', pattern)
    assert.deepEqual([(await text('Castellan')).code, (await text('Windows')).code], [0, 2])
    assert.equal((await check('-P', '2c', '-C', 'wrong', '-t', '2', '-e', '0', '-o', sysUpTime)).code, 3)
  })
})

const ifIndex = { indexes: [{ labelname: 'ifIndex', type: 'gauge' }] }
const display = (labels: readonly string[], labelname: string, oid: string) => ({
  labels,
  labelname,
  oid,
  type: 'DisplayString',
})
const interfaceNames = [
  display(['ifIndex'], 'ifAlias', '1.3.6.1.2.1.31.1.1.1.18'),
  display(['ifIndex'], 'ifDescr', '1.3.6.1.2.1.2.2.1.2'),
  display(['ifIndex'], 'ifName', '1.3.6.1.2.1.31.1.1.1.1'),
]
const metric = (name: string, oid: string, type: string, more: Partial<Metric> = {}): Metric => {
  return { name, oid, type, help: name, ...more }
}
const ofInterface = (name: string, oid: string, type: string): Metric =>
  metric(name, oid, type, { ...ifIndex, lookups: interfaceNames })

/** What if_mib of the exporter's own examples walks, with the names it looks up. */
const ifMib: ExporterModule = {
  walk: ['1.3.6.1.2.1.2', '1.3.6.1.2.1.31.1.1'],
  get: ['1.3.6.1.2.1.1.3.0'],
  metrics: [
    metric('sysUpTime', '1.3.6.1.2.1.1.3', 'gauge'),
    metric('ifNumber', '1.3.6.1.2.1.2.1', 'gauge'),
    ofInterface('ifMtu', '1.3.6.1.2.1.2.2.1.4', 'gauge'),
    ofInterface('ifPhysAddress', '1.3.6.1.2.1.2.2.1.6', 'PhysAddress48'),
    ofInterface('ifOperStatus', '1.3.6.1.2.1.2.2.1.8', 'gauge'),
    ofInterface('ifInErrors', '1.3.6.1.2.1.2.2.1.14', 'counter'),
    ofInterface('ifHCInOctets', '1.3.6.1.2.1.31.1.1.1.6', 'counter'),
    ofInterface('ifHCOutOctets', '1.3.6.1.2.1.31.1.1.1.10', 'counter'),
    ofInterface('ifHighSpeed', '1.3.6.1.2.1.31.1.1.1.15', 'gauge'),
  ],
}
const storageName = display(['hrStorageIndex'], 'hrStorageDescr', '1.3.6.1.2.1.25.2.3.1.3')
const ofStorage = (name: string, column: number): Metric =>
  metric(name, `1.3.6.1.2.1.25.2.3.1.${column}`, 'gauge', {
    indexes: [{ labelname: 'hrStorageIndex', type: 'gauge' }],
    lookups: [storageName],
  })
const host: ExporterModule = {
  walk: ['1.3.6.1.2.1.25.2.3', '1.3.6.1.2.1.25.3.3'],
  version: 3,
  auth: {
    username: userName,
    security_level: 'authPriv',
    auth_protocol: 'SHA',
    password: passphrase.auth,
    priv_protocol: 'AES',
    priv_password: passphrase.priv,
  },
  metrics: [
    ofStorage('hrStorageAllocationUnits', 4),
    ofStorage('hrStorageSize', 5),
    ofStorage('hrStorageUsed', 6),
    metric('hrProcessorLoad', hrProcessorLoad, 'gauge', { indexes: [{ labelname: 'hrDeviceIndex', type: 'gauge' }] }),
  ],
}

describe('prometheus-snmp-exporter', needs('prometheus-snmp-exporter'), () => {
  let exporter: SnmpExporter
  before(async () => {
    await startAppliance()
    const wrong = { ...host, auth: { ...host.auth, password: 'not the passphrase' } }
    exporter = await SnmpExporter.start({ if_mib: ifMib, host, wrong })
  })
  after(async () => {
    await exporter?.stop()
    await appliance.stop()
  })
  const scrape = (module: string) => exporter.scrape(module, appliance.at.snmp)
  const of = (found: Map<string, Sample[]>, name: string, label: string): Map<string, number> =>
    new Map((found.get(name) ?? []).map(({ labels, value }) => [labels[label]!, value]))

  test('if_mib over version 2c: every link with its name, its counters between those of /proc before and after', async () => {
    const octets = (): Map<string, number> =>
      new Map(
        [...readFileSync('/proc/net/dev', 'utf8').matchAll(/^ *(\S+): *(\d+)/gm)].map(([, name, value]) => [
          name!,
          Number(value),
        ]),
      )
    await until(async () => (await scrape('if_mib')).has('ifHCInOctets'), 5000, 'links')
    const before = octets()
    await new Promise((resolve) => setTimeout(resolve, 2500)) // a sample of links is two seconds old at most
    const found = await scrape('if_mib')
    const after = octets()
    const counted = of(found, 'ifHCInOctets', 'ifName')
    assert.deepEqual([...counted.keys()].sort(), readdirSync('/sys/class/net').sort())
    for (const [name, value] of counted)
      assert.ok(value >= before.get(name)! && value <= after.get(name)!, `${name}: ${value}`)
    assert.deepEqual([...of(found, 'ifMtu', 'ifDescr').keys()].sort(), [...counted.keys()].sort())
    assert.equal(found.get('ifNumber')![0]!.value, counted.size)
    assert.ok(found.get('sysUpTime')![0]!.value > 0)
    assert.equal(found.get('snmp_scrape_walk_duration_seconds')![0]!.value < 1, true)
  })

  test('the host over version 3 with privacy: memory as /proc/meminfo has it, a load for each processor', async () => {
    const found = await scrape('host')
    const of0 = (name: string): number => of(found, name, 'hrStorageDescr').get('Physical memory')!
    const memoryKb = Number(/^MemTotal: +(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1])
    assert.equal((of0('hrStorageSize') * of0('hrStorageAllocationUnits')) / 1024, memoryKb)
    assert.ok(of0('hrStorageUsed') > 0 && of0('hrStorageUsed') < of0('hrStorageSize'))
    assert.equal(of(found, 'hrProcessorLoad', 'hrDeviceIndex').size, cpus().length)
    await assert.rejects(() => scrape('wrong'), /wrong digest|usm|error/i)
  })

  test('the lines that castellan user add prints for it load as they stand, and scrape', async () => {
    const [, lines = ''] = printed.split(/^Prometheus snmp_exporter before 0\.23.*\n/m)
    const text = lines
      .replaceAll(/^ {2}/gm, '')
      .replace('AUTH-PASSPHRASE', JSON.stringify(passphrase.auth))
      .replace('PRIV-PASSPHRASE', JSON.stringify(passphrase.priv))
    const own = await SnmpExporter.start(text)
    try {
      assert.ok((await own.scrape(userName, appliance.at.snmp)).get('sysUpTime')![0]!.value > 0)
    } finally {
      await own.stop()
    }
  })
})
