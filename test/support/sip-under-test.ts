/** The SIP server that a test talks to: sipd, or Kamailio where the scenarios themselves are to be proved. */
import { messageOf } from '../../lib/errors.ts'
import { startKamailio } from './sip-kamailio.ts'
import { startSipd } from './sipd.ts'

export interface SipServerOptions {
  readonly host?: '127.0.0.1' | '::1'
  /** Of the port; five unless said. */
  readonly digits?: 4 | 5
  readonly recordRoute?: boolean
  readonly stateless?: boolean
  readonly redirect?: boolean
  readonly recursive?: boolean
  /** How long a callee may ring before the caller gets 408; a minute unless said. */
  readonly noAnswerMs?: number
  readonly workers?: number
  readonly tls?: {
    readonly certificate: string
    readonly key: string
    readonly authority: string
    readonly mutual: boolean
  }
  /** Further lines of sipd.conf. */
  readonly more?: readonly string[]
}

/** A running server for the domain `example.test`, with UDP and TCP on one port. */
export interface SipServer {
  readonly name: 'sipd' | 'kamailio'
  readonly host: '127.0.0.1' | '::1'
  readonly port: number
  readonly tlsPort: number
  /** Where sipd has its files; Kamailio has none. */
  readonly home?: string
  /** `host:port`, as programs want it. */
  readonly address: string
  /** The process that the others belong to. */
  pid(): number
  /** Starts it again on the same home, after a kill. */
  start(): Promise<void>
  /** A restart that no call notices. */
  graceful(): Promise<void>
  log(): string
  stop(): Promise<void>
}

/** `CASTELLAN_SIP_PEER=kamailio` runs the same flows through Kamailio: what fails there is wrong in the test. */
export const isProving = process.env.CASTELLAN_SIP_PEER === 'kamailio'

/** Options of a test that is about what sipd alone does. */
export const ofSipdAlone = isProving ? { skip: 'Kamailio does this differently' } : {}

/** Starts a server, runs the test with it and stops it; what the server logged is added to a failure. */
export async function withSipServer(
  options: SipServerOptions,
  run: (server: SipServer) => Promise<void>,
): Promise<void> {
  const server = await (isProving ? startKamailio(options) : startSipd(options))
  try {
    await run(server)
  } catch (error) {
    const text = messageOf(error)
    throw new Error(`${text}\n--- what ${server.name} logged:\n${server.log().slice(-4000)}`, { cause: error })
  } finally {
    await server.stop()
  }
}
