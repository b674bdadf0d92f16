/** A restored home made harmless: its agent listens where nobody asks, and tells nobody anything. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'

export interface SandboxAccess {
  readonly port: number
  readonly community: string
}

/** Where it listens, and whom it notifies: rows that are changed over SNMP lie in the data folder. */
const outward = /^\s*(?:snmpListenEntry|snmpTargetAddrEntry|snmpNotifyEntry)\b/
const files = ['snmpd.cnf']

/** Only what leads outward goes; whatever else a restore brought is what its agent starts with. */
export async function makeHarmless(home: Home): Promise<SandboxAccess> {
  const { conf, data } = foldersOf(home, 'agent')
  for (const path of files.flatMap((name) => [join(conf, name), join(data, name)]))
    if (existsSync(path)) writeFileSync(path, withoutOutward(readFileSync(path, 'utf8')))
  const access = { port: await freePort(), community: randomBytes(16).toString('hex') }
  const path = join(conf, 'snmpd.cnf')
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n${linesFor(access)}`)
  return access
}

/** A line that ends with a backslash goes on in the next one. */
function withoutOutward(text: string): string {
  let isLeftOut = false
  let goesOn = false
  const kept = text.split('\n').filter((line) => {
    if (!goesOn) isLeftOut = outward.test(line)
    goesOn = line.endsWith('\\')
    return !isLeftOut
  })
  return kept.join('\n')
}

function linesFor({ port, community }: SandboxAccess): string {
  return `snmpListenEntry 127.0.0.1:${port}
snmpCommunityEntry drill ${community} drillSec localSnmpID - - nonVolatile
vacmSecurityToGroupEntry snmpv2c drillSec drillGroup nonVolatile
vacmAccessEntry drillGroup - any noAuthNoPriv exact drillView - - nonVolatile
vacmViewTreeFamilyEntry drillView 1.3.6.1.2.1 - included nonVolatile
`
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
