/** Writes one archive, in a process of its own whose memory can be told: `FILE COPIES OUTPUT` prints the most MB that it took. */
import { open } from 'node:fs/promises'
import { writeArchive } from '../../backup/archive/write-archive.ts'
import { component, fileEntry, makeTestKeys } from '../../test/support/archive.ts'

const [file = '', copies = '1', output = ''] = process.argv.slice(2)
const keys = await makeTestKeys()
const entries = Array.from({ length: Number(copies) }, (_, i) => fileEntry(`home/data/${i}`, file))
const archive = await open(output, 'w')
await writeArchive(
  {
    components: [component(entries)],
    recipients: [keys.recipient],
    signingKey: keys.signingKey,
    about: () => ({
      version: '1.0.0',
      node: 'bench',
      timeMs: 0,
      zone: 'UTC',
      features: ['AGENT'],
      result: 'succeeded',
    }),
    events: { onComponent() {}, onOctets() {}, onComponentEnd() {} },
    signal: new AbortController().signal,
  },
  async (octets) => {
    await archive.write(octets)
  },
)
await archive.close()
process.stdout.write(`${Math.round(process.resourceUsage().maxRSS / 1024)}\n`)
