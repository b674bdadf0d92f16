/** In whose name something is asked or done, in the words of RFC 3411 §3.1 and §5, with their numbers in MIBs. */

/** SnmpSecurityModel, by the names that configuration files use. */
export const securityModels = { snmpv1: 1, snmpv2c: 2, usm: 3 } as const
export type SecurityModel = keyof typeof securityModels

/** SnmpSecurityLevel, the lowest first. */
export const securityLevels = { noAuthNoPriv: 1, authNoPriv: 2, authPriv: 3 } as const
export type SecurityLevel = keyof typeof securityLevels

export interface Principal {
  readonly securityModel: SecurityModel
  readonly securityName: string
  readonly securityLevel: SecurityLevel
  readonly contextName: string
}
