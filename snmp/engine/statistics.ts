/** The engine's counters, by their names in SNMPv2-MIB and SNMP-MPD-MIB; each wraps at 2^32. */
export class Statistics {
  snmpInPkts = 0
  snmpOutPkts = 0
  snmpInBadVersions = 0
  snmpInBadCommunityNames = 0
  snmpInBadCommunityUses = 0
  snmpInASNParseErrs = 0
  snmpInTotalReqVars = 0
  snmpInTotalSetVars = 0
  snmpInGetRequests = 0
  snmpInGetNexts = 0
  snmpInSetRequests = 0
  snmpOutTooBigs = 0
  snmpOutGetResponses = 0
  snmpOutTraps = 0
  snmpSilentDrops = 0
  snmpProxyDrops = 0
  snmpUnknownPDUHandlers = 0
  snmpUnknownSecurityModels = 0
  snmpInvalidMsgs = 0
  snmpUnknownContexts = 0
}
