/** Communities that every scanner tries: manufacturers' defaults, those of manuals, and our own templates'. */

const names = [
  // Ours.
  ...['public', 'cspsAdmin'],
  // The defaults of RFC 1157's examples and of devices, as lists of scanners have them.
  ...['private', 'community', 'snmp', 'snmpd', 'snmptrap', 'snmpwrite', 'snmpread', 'trap', 'default', 'none', 'null'],
  ...['admin', 'administrator', 'root', 'guest', 'user', 'manager', 'monitor', 'monitoring', 'operator', 'master'],
  ...['read', 'write', 'ro', 'rw', 'readonly', 'readwrite', 'read-only', 'read-write', 'access', 'all', 'test', 'temp'],
  ...['secret', 'security', 'password', 'pass', 'changeme', 'letmein', 'secure', 'internal', 'local', 'mngt', 'mgmt'],
  ...['system', 'network', 'net', 'router', 'switch', 'server', 'agent', 'agent_steal', 'ilmi', 'proxy', 'regional'],
  ...['all private', 'all public', 'publicro', 'privaterw', 'public1', 'private1', 'rocommunity', 'rwcommunity'],
  ...['cisco', 'hp_admin', 'openview', 'tivoli', 'sun', 'ibm', 'dell', 'netman', 'orig_equip_mfr', 'origequipmfr'],
  ...['c0de', 'xyzzy', 'yellow', 'field-service', 'fubar', 'core', 'debug', 'enable', 'freekevin', 'crisco', 'rmon'],
  ...['rmon_admin', 'anycom', 'apc', 'bintec', 'canon_admin', 'cable-docsis', 'comcomcom', '2read', '4changes'],
  ...[
    '0',
    '1',
    '0392a0',
    '123',
    '1234',
    '12345',
    '123456',
    '12345678',
    '0000',
    '1111',
    'abc123',
    'asterisk',
    'voip',
    'sip',
  ],
]
const known = new Set(names.map((name) => name.toLowerCase()))

/** Whether somebody who knows nothing of this agent would guess the community; letters count alike in both cases. */
export function isWellKnownCommunity(name: Uint8Array): boolean {
  return name.length === 0 || known.has(Buffer.from(name).toString('latin1').toLowerCase())
}
