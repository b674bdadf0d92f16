/** Attackers together, in the peer's namespace: SERVER SIP-PORT SNMP-PORT AGENTX-PATH SECONDS NETWORK NAMES. Prints what each sent, as JSON. */
import { setMaxListeners } from 'node:events'
import type { Attack } from './senders.ts'
import { sipAttacks } from './sip-attacks.ts'
import { snmpAttacks } from './snmp-attacks.ts'

const [server = '', sipPort, snmpPort, agentxPath = '', seconds, network = '', names = ''] = process.argv.slice(2)
/** Each attack has an address of its own: the peer has those from here on. */
const firstHost = 20
const wanted = names.split(',')
const attacks = Object.entries({ ...sipAttacks, ...snmpAttacks }).filter(([name]) => wanted.includes(name))
const over = new AbortController()
// Every socket listens to it.
setMaxListeners(0, over.signal)
const sent: Record<string, number> = {}
process.stdout.write('ready\n')
setTimeout(() => over.abort(), Number(seconds) * 1000)
await Promise.all(
  attacks.map(([name, attacker], i) => {
    sent[name] = 0
    const attack: Attack = {
      server,
      sipPort: Number(sipPort),
      snmpPort: Number(snmpPort),
      agentxPath,
      from: `${network}.${firstHost + i}`,
      signal: over.signal,
      count: () => {
        sent[name]!++
      },
    }
    return attacker(attack).catch((error: unknown) => process.stderr.write(`${name}: ${error}\n`))
  }),
)
process.stdout.write(`${JSON.stringify(sent)}\n`)
process.exit(0)
