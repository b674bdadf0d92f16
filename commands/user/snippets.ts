/** The lines that let a network management system use a user of SNMPv3; the passphrases are for the reader to put in. */
import { isIPv6 } from 'node:net'
import { hostAndPort, isLoopbackAddress, isWildcardAddress, reachableHost } from '../../lib/net/address.ts'
import { localAddresses } from '../../lib/net/local-addresses.ts'
import { parseAddress } from '../../snmp/transport/udp.ts'

export interface SnippetUser {
  readonly name: string
  readonly auth: string
  readonly priv: string | undefined
  /** Where the agent listens, as snmpListenEntry has it. */
  readonly address: string
}

/** Zabbix numbers protocols in its API and names them in its forms. */
const zabbixAuth = ['MD5', 'SHA', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512']
const zabbixPriv = ['DES', 'AES', 'AES-192', 'AES-256', 'AES-192-C', 'AES-256-C']

export function snippets({ name, auth, priv, address }: SnippetUser): string {
  const { host, port } = addressForOthers(address)
  const target = isIPv6(host) ? `udp6:${hostAndPort(host, port)}` : hostAndPort(host, port)
  const level = priv ? 'authPriv' : 'authNoPriv'
  const netSnmp = `snmpget -v3 -l ${level} -u ${name} -a ${auth} -A 'AUTH-PASSPHRASE'${priv ? ` -x ${priv} -X 'PRIV-PASSPHRASE'` : ''} ${target} 1.3.6.1.2.1.1.3.0`
  const libre = [
    `lnms device:add --v3 --port=${port}${isIPv6(host) ? ' --transport=udp6' : ''} --security-name=${name}`,
    `--auth-protocol=${auth} --auth-password='AUTH-PASSPHRASE'`,
    ...(priv ? [`--privacy-protocol=${priv} --privacy-password='PRIV-PASSPHRASE'`] : []),
    host,
  ].join(' ')
  const zabbix = {
    type: 2,
    main: 1,
    useip: 1,
    ip: host,
    dns: '',
    port: `${port}`,
    details: {
      version: 3,
      bulk: 1,
      securityname: name,
      securitylevel: priv ? 2 : 1,
      authprotocol: zabbixAuth.indexOf(auth),
      authpassphrase: '{$SNMP_AUTH_PASSPHRASE}',
      ...(priv ? { privprotocol: zabbixPriv.indexOf(priv), privpassphrase: '{$SNMP_PRIV_PASSPHRASE}' } : {}),
    },
  }
  return [
    '',
    'Net-SNMP:',
    `  ${netSnmp}`,
    'LibreNMS:',
    `  ${libre}`,
    'Zabbix (an interface of a host, as host.create and hostinterface.create take it):',
    `  ${JSON.stringify(zabbix)}`,
    'Prometheus snmp_exporter from 0.23 on (snmp.yml):',
    '  auths:',
    `    ${name}:`,
    ...exporterAuth({ level, name, auth, priv }).map((line) => `      ${line}`),
    '      version: 3',
    'Prometheus snmp_exporter before 0.23, as Debian 12 has it (snmp.yml; version and auth stand in each module):',
    `  ${name}:`,
    '    walk: [1.3.6.1.2.1.1.3]',
    '    metrics: [{ name: sysUpTime, oid: 1.3.6.1.2.1.1.3, type: gauge, help: hundredths of a second since the start }]',
    '    version: 3',
    '    auth:',
    ...exporterAuth({ level, name, auth, priv }).map((line) => `      ${line}`),
    '',
  ].join('\n')
}

function exporterAuth({
  level,
  name,
  auth,
  priv,
}: Pick<SnippetUser, 'name' | 'auth' | 'priv'> & { readonly level: string }): string[] {
  const compact = (protocol: string): string => protocol.replaceAll('-', '')
  return [
    `security_level: ${level}`,
    `username: ${JSON.stringify(name)}`,
    'password: AUTH-PASSPHRASE',
    `auth_protocol: ${compact(auth)}`,
    ...(priv ? [`priv_protocol: ${compact(priv)}`, 'priv_password: PRIV-PASSPHRASE'] : []),
  ]
}

/** Where a manager elsewhere asks: for a wildcard the first address of this machine that is not loopback's or a link's own. */
function addressForOthers(listenAddress: string): { host: string; port: number } {
  const { host, port } = parseAddress(listenAddress) ?? { host: '127.0.0.1', port: 161 }
  if (!isWildcardAddress(host)) return { host, port }
  const own = localAddresses(isIPv6(host) ? 6 : 4).find((one) => !isLoopbackAddress(one) && !one.includes('%'))
  return { host: own ?? reachableHost(host), port }
}
