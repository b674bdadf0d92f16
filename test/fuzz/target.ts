/** The agent that is flooded: an appliance with users of SNMPv3 of several kinds. */
import type { Credentials } from '../../snmp/manager/credentials.ts'
import { authProtocols, privProtocols } from '../../snmp/security/usm/protocols.ts'
import { Appliance, makeHome, passphrase } from '../support/appliance.ts'

/** SHA-256 with AES, MD5 with DES, and SHA-512 without privacy. */
export const floodUsers: readonly Credentials[] = [
  { userName: 'aes', auth: authProtocols[3]!, priv: privProtocols[1]! },
  { userName: 'des', auth: authProtocols[0]!, priv: privProtocols[0]! },
  { userName: 'signed', auth: authProtocols[5]!, priv: undefined },
].map(({ userName, auth, priv }) => ({
  userName,
  auth: { protocol: auth, passphrase: passphrase.auth },
  priv: priv && { protocol: priv, passphrase: passphrase.priv },
}))

export async function startTarget(): Promise<Appliance> {
  const appliance = new Appliance(await makeHome())
  for (const { userName, auth, priv } of floodUsers) {
    const protocols = ['--auth', auth!.protocol.name, '--priv', priv?.protocol.name ?? 'none']
    const made = await appliance.castellan('user', 'add', userName, ...protocols, '--group', 'operate')
    if (made.code !== 0) throw new Error(made.err)
  }
  const failed = await appliance.start()
  if (failed !== undefined) throw new Error(appliance.output)
  return appliance
}
