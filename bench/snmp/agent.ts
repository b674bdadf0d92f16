/** The agent as it is measured: the engine with a table of 1,000 x 10 cells, on the port given as first argument. */
import { Vacm } from '../../agent/access/vacm.ts'
import { Registry } from '../../agent/dispatch/registry.ts'
import { Engine } from '../../agent/engine.ts'
import { UdpTransport } from '../../agent/transport/udp.ts'
import { createLog } from '../../lib/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { bigTableModule } from './bigtable.ts'

const log = createLog({ component: 'bench', write: (line) => process.stderr.write(line) })
const registry = new Registry()
registry.register(new ModuleBackend(bigTableModule(), { log }))
const engine = new Engine({ registry, log })
engine.configure(
  [{ name: Buffer.from('public'), securityName: 'public', contextName: '' }],
  new Vacm(
    [{ securityModel: 'snmpv2c', securityName: 'public', groupName: 'readers' }],
    [
      {
        groupName: 'readers',
        contextPrefix: '',
        contextMatch: 'exact',
        securityModel: 'snmpv2c',
        securityLevel: 'noAuthNoPriv',
        views: { read: 'all', write: '', notify: '' },
      },
    ],
    [{ viewName: 'all', subtree: [1], mask: new Uint8Array(0), included: true }],
  ),
)
const transport = new UdpTransport({ host: '127.0.0.1', port: Number(process.argv[2] ?? 16_100) })
transport.onDatagram = (bytes, remote) => engine.receive(bytes, remote, transport)
await transport.start()
process.on('SIGTERM', () => process.exit(0))
