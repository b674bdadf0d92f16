/** What one subagent, and all of one trust domain together, may make the master hold. */

export const bounds = {
  connectionsWithoutSession: 64,
  /** A connection opens a session, and a PDU that has begun comes to its end, within this. */
  patienceMs: 10_000,
  /** Octets of a PDU before there is a session: an agentx-Open-PDU needs far less. */
  largestOpen: 16 * 1024,
  registrations: 2048,
  /** A registration may be a range of many subtrees. */
  regions: 4096,
  capabilities: 256,
  notification: { varbinds: 64, octets: 8192 },
  /** Octets of a request of a subagent: index values by the hundred. Its responses may have more, for they were asked for. */
  request: 64 * 1024,
  /** Of all sessions of a domain, and of one session or connection; with what is on its way in and out. */
  domainOctets: 32 * 1024 * 1024,
  sessionOctets: 10 * 1024 * 1024,
} as const

/** Octets that an object costs beside what was sent for it, measured with Node 20 and rounded up: of a region, its place among all others too. */
export const costs = { session: 2048, registration: 2048, region: 2048, capability: 512 } as const
