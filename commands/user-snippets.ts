/** The lines that let a network management system use a user of SNMPv3; the passphrases are for the reader to put in. */

export interface SnippetUser {
  readonly name: string
  readonly auth: string
  readonly priv: string | undefined
  readonly address: string
}

/** Zabbix numbers protocols in its API and names them in its forms. */
const zabbixAuth = ['MD5', 'SHA', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512']
const zabbixPriv = ['DES', 'AES', 'AES-192', 'AES-256', 'AES-192-C', 'AES-256-C']

export function snippets({ name, auth, priv, address }: SnippetUser): string {
  const [host, port] = address.split(':')
  const level = priv ? 'authPriv' : 'authNoPriv'
  const compact = (protocol: string): string => protocol.replaceAll('-', '')
  const netSnmp = `snmpget -v3 -l ${level} -u ${name} -a ${auth} -A 'AUTH-PASSPHRASE'${priv ? ` -x ${priv} -X 'PRIV-PASSPHRASE'` : ''} ${address} 1.3.6.1.2.1.1.3.0`
  const libre = [
    `lnms device:add --v3 --port=${port} --security-name=${name}`,
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
    port,
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
    'Prometheus snmp_exporter (snmp.yml):',
    '  auths:',
    `    ${name}:`,
    '      version: 3',
    `      username: ${name}`,
    `      security_level: ${level}`,
    `      auth_protocol: ${compact(auth)}`,
    '      password: AUTH-PASSPHRASE',
    ...(priv ? [`      priv_protocol: ${compact(priv)}`, '      priv_password: PRIV-PASSPHRASE'] : []),
    '',
  ].join('\n')
}
