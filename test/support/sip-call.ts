/** The two ends of a call through the server under test, both played by SIPp. */
import { register } from './sip-client.ts'
import { freePorts } from './sip-ports.ts'
import type { SipServer } from './sip-under-test.ts'
import { runSipp, type Sipp, type SippOptions, startSipp } from './sipp.ts'

/** Starts a callee and registers its user, bob unless said, at its port; q decides who rings first. */
export async function startCallee(server: SipServer, options: Omit<SippOptions, 'port'>, q?: string): Promise<Sipp> {
  const { host } = server
  const port = await freePorts(1)
  const callee = await startSipp({ ...options, port, host })
  const parameter = options.transport?.startsWith('t') ? ';transport=tcp' : ''
  const user = options.user ?? 'bob'
  const contact = `sip:${user}@${host === '::1' ? '[::1]' : host}:${port}${parameter}`
  await register(server, { user, contact, ...(q === undefined ? {} : { q }) })
  return callee
}

/** Calls through the server; rejects when one call failed. */
export async function call(server: SipServer, options: Omit<SippOptions, 'port' | 'target'>): Promise<void> {
  await runSipp(await callerOf(server, options))
}

/** Starts a caller without waiting for what becomes of its calls. */
export async function startCaller(server: SipServer, options: Omit<SippOptions, 'port' | 'target'>): Promise<Sipp> {
  return startSipp(await callerOf(server, options))
}

async function callerOf(server: SipServer, options: Omit<SippOptions, 'port' | 'target'>): Promise<SippOptions> {
  return { ...options, port: await freePorts(1), target: server.address, host: server.host }
}
