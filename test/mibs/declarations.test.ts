import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { declaredDefinitions, declaredNotifications } from '../../catalogue.ts'
import type { BoundColumn } from '../../lib/mib/declare.ts'
import { programRoot } from '../../lib/program-root.ts'
import { formatOid } from '../../lib/smi/oid.ts'
import { readModules, type SmiObject } from '../support/smi.ts'

const read = (path: string): string => readFileSync(join(programRoot, path), 'utf8')
const own = readModules(
  [
    'mibs/CASTELLAN-SMI.txt',
    'mibs/CASTELLAN-AGENT-MIB.txt',
    'mibs/CASTELLAN-CRITAPP-MIB.txt',
    'mibs/CASTELLAN-LOG-MIB.txt',
    'mibs/CASTELLAN-SCRIPT-MIB.txt',
    'mibs/CASTELLAN-SCHEDULE-MIB.txt',
    'mibs/CASTELLAN-HOST-MIB.txt',
    'mibs/CASTELLAN-SIP-MIB.txt',
    'mibs/CASTELLAN-SYSAPPL-MIB.txt',
    'mibs/CASTELLAN-EVENT-MIB.txt',
    'mibs/CASTELLAN-BACKUP-MIB.txt',
  ].map(read),
)
const standard = new Map(
  ['objects.json', 'disman-script.json', 'disman-event.json', 'host-resources.json', 'sysappl.json']
    .flatMap((file) => JSON.parse(read(`test/fixtures/rfc/${file}`)) as SmiObject[])
    .map((object) => [object.name, object]),
)
const written = new Map([...standard, ...own])

/** RFC 2578 §7.1: which ASN.1 type a textual convention or type stands on. */
const bases: Readonly<Record<string, string>> = {
  INTEGER: 'Integer32',
  Integer32: 'Integer32',
  TruthValue: 'Integer32',
  RowStatus: 'Integer32',
  StorageType: 'Integer32',
  YesNo: 'Integer32',
  AlarmSeverity: 'Integer32',
  SnmpPduErrorStatus: 'Integer32',
  TimeInterval: 'Integer32',
  TestAndIncr: 'Integer32',
  InterfaceIndex: 'Integer32',
  IANAifType: 'Integer32',
  SnmpSecurityModel: 'Integer32',
  SnmpSecurityLevel: 'Integer32',
  SnmpMessageProcessingModel: 'Integer32',
  Unsigned32: 'Gauge32',
  Gauge32: 'Gauge32',
  Counter32: 'Counter32',
  Counter64: 'Counter64',
  TimeTicks: 'TimeTicks',
  TimeStamp: 'TimeTicks',
  'OCTET STRING': 'OctetString',
  DisplayString: 'OctetString',
  SnmpAdminString: 'OctetString',
  CastellanText: 'OctetString',
  PhysAddress: 'OctetString',
  DateAndTime: 'OctetString',
  SnmpTagValue: 'OctetString',
  SnmpTagList: 'OctetString',
  TAddress: 'OctetString',
  SnmpEngineID: 'OctetString',
  'OBJECT IDENTIFIER': 'ObjectIdentifier',
  TDomain: 'ObjectIdentifier',
  AutonomousType: 'ObjectIdentifier',
  RowPointer: 'ObjectIdentifier',
  VariablePointer: 'ObjectIdentifier',
  KeyChange: 'OctetString',
  DistinguishedName: 'OctetString',
  URLString: 'OctetString',
  SipTCMethodName: 'OctetString',
  SipTCEntityRole: 'OctetString',
  SipTCTransportProtocol: 'OctetString',
  InetAddress: 'OctetString',
  InetAddressType: 'Integer32',
  InetVersion: 'Integer32',
  InetAddressPrefixLength: 'Gauge32',
  InetPortNumber: 'Gauge32',
  InetAutonomousSystemNumber: 'Gauge32',
  InterfaceIndexOrZero: 'Integer32',
  IANAipRouteProtocol: 'Integer32',
  IpAddressOriginTC: 'Integer32',
  IpAddressPrefixOriginTC: 'Integer32',
  IpAddressStatusTC: 'Integer32',
  Ipv6AddressIfIdentifierTC: 'OctetString',
  NetworkAddress: 'IpAddress', // RFC 1155: a choice of one
  BITS: 'OctetString',
  AgentxTAddress: 'OctetString',
  IpAddress: 'IpAddress',
  Opaque: 'Opaque',
  KBytes: 'Integer32',
  InternationalDisplayString: 'OctetString',
  ProductID: 'ObjectIdentifier',
  Utf8String: 'OctetString',
  LongUtf8String: 'OctetString',
  RunState: 'Integer32',
  FailureReason: 'Integer32',
}

/** Interfaces to UDP: what the kernel keeps, shown and not changed, as MIN-ACCESS of RFC 2863, 4022, 4292 and 4293 allows. */
const isOfTheHost = (name: string): boolean => /^1\.3\.6\.1\.2\.1\.([2-7]|31)\./.test(name)

test('every declared object has the OID, type, labels and access of its MIB module', () => {
  let compared = 0
  for (const definition of declaredDefinitions) {
    for (const object of definition.readable) {
      const text = written.get(object.name)
      assert.ok(text, `${object.name} is in no MIB module`)
      assert.equal(formatOid(object.oid), text.oid, object.name)
      assert.equal(object.syntax.base, bases[text.syntax ?? ''], `${object.name}: ${text.syntax}`)
      if (text.named && text.syntax === 'INTEGER') assert.deepEqual(object.syntax.named, text.named, object.name)
      const isReadOnlyByChoice =
        object.access === 'read-only' &&
        (text.access === 'read-write' || (text.access === 'read-create' && isOfTheHost(text.oid)))
      if (!isReadOnlyByChoice) assert.equal(object.access, text.access, object.name)
      if (own.has(object.name) && text.range) {
        assert.equal(object.syntax.ranges.map(([min, max]) => `${min}..${max}`).join('|'), text.range, object.name)
      }
      compared++
    }
  }
  assert.ok(compared > 100, `${compared} objects`)
})

/** What textual conventions and types allow that an object's own SYNTAX clause does not narrow (RFC 2579, 3411, 3413, 4780). */
const rangesOfTypes: Readonly<Record<string, string>> = {
  SnmpAdminString: '0..255',
  DisplayString: '0..255',
  SnmpEngineID: '5..32',
  SnmpTagValue: '0..255',
  SnmpTagList: '0..255',
  TAddress: '1..255',
  TimeInterval: '0..2147483647',
  TestAndIncr: '0..2147483647',
  DateAndTime: '8 | 11',
  SipTCMethodName: '1..100',
  Unsigned32: '0..4294967295',
  Integer32: '-2147483648..2147483647',
  'OCTET STRING': '0..65535',
  KeyChange: '0..65535',
}

/** `0|484..2147483647`, `1..'ffffffff'h` */
function readRanges(text: string): (readonly [number, number])[] {
  const bound = (one: string): number => Number(one.replace(/^'([0-9a-f]+)'h$/i, '0x$1'))
  return text.split('|').map((range) => {
    const [min = '', max = min] = range.trim().split('..')
    return [bound(min), bound(max)]
  })
}

test('no column that may be SET, and no index of a row that may be made, takes more than its MIB module allows', () => {
  const checked: string[] = []
  for (const definition of declaredDefinitions) {
    const columns = Object.values(definition.columns)
    const isWritable = ({ access }: BoundColumn): boolean => access === 'read-write' || access === 'read-create'
    if (!columns.some(isWritable)) continue
    for (const column of columns.filter((one) => isWritable(one) || one.name in definition.index)) {
      const { name, syntax } = column
      const text = written.get(name)
      assert.ok(text, `${name} is in no MIB module`)
      // Labels and bits say themselves what is allowed.
      if (syntax.named) {
        const allowed = text.named && Object.values(text.named)
        const ranges = readRanges(text.range ?? rangesOfTypes.Integer32!)
        for (const number of Object.values(syntax.named))
          assert.ok(
            allowed?.includes(number) ?? ranges.some(([min, max]) => number >= min && number <= max),
            `${name}: ${number}`,
          )
        checked.push(name)
        continue
      }
      const allowed = text.range ?? rangesOfTypes[text.syntax ?? '']
      if (syntax.base === 'ObjectIdentifier') continue
      assert.ok(allowed, `${name}: the range of ${text.syntax} is not known here`)
      const declared =
        syntax.ranges.length > 0
          ? syntax.ranges
          : readRanges(
              rangesOfTypes[
                syntax.base === 'Gauge32' ? 'Unsigned32' : syntax.base === 'OctetString' ? 'OCTET STRING' : 'Integer32'
              ]!,
            )
      for (const [min, max] of declared)
        assert.ok(
          readRanges(allowed).some(([least, most]) => min >= least && max <= most),
          `${name} takes ${min}..${max}; its MIB module says ${allowed}`,
        )
      checked.push(name)
    }
  }
  for (const name of ['usmUserEngineID', 'vacmSecurityModel', 'snmpTargetAddrTAddress', 'mteTriggerTest'])
    assert.ok(checked.includes(name), name)
})

test('every declared table has the index of its MIB module', () => {
  for (const definition of declaredDefinitions) {
    if (definition.kind !== 'table') continue
    const text = written.get(definition.entryName)
    assert.ok(text, definition.entryName)
    assert.equal(formatOid(definition.entry), text.oid)
    if (!text.index) continue // it augments another table
    const index = Object.keys(definition.index)
    if (definition.implied) index.push(`IMPLIED ${index.pop()}`)
    assert.deepEqual(index, text.index, definition.name)
    for (const dependent of definition.dependents) {
      assert.equal(formatOid(dependent.entry), written.get(dependent.entryName)?.oid, dependent.entryName)
      assert.deepEqual(index, written.get(dependent.entryName)?.index, dependent.entryName)
      assert.equal(formatOid(dependent.entry.slice(0, -1)), written.get(dependent.name)?.oid, dependent.name)
      assert.ok(dependent.columns.length > 0, dependent.name)
    }
  }
})

test('every declared notification has the OID and objects of its MIB module', () => {
  for (const notification of declaredNotifications) {
    const text = written.get(notification.name)
    assert.ok(text, notification.name)
    assert.equal(formatOid(notification.oid), text.oid)
    assert.deepEqual(Object.keys(notification.objects), text.objects, notification.name)
  }
})
