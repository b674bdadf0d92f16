/** The sip modules: the SNMP face of sipd, hosted by its own process. */

import type { MibModule } from '../../lib/mib/module.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import { applIndex, applicationModule } from './application.ts'
import { sipCommonModule } from './common.ts'
import { SipCounters } from './counters.ts'
import { MasterTime } from './master-time.ts'
import { memoryTables } from './memory.ts'
import { registrarShare, sipServerModule } from './server.ts'
import { storageTable } from './storage.ts'
import type { SipView } from './view.ts'

export function sipModules(view: SipView): MibModule[] {
  const time = new MasterTime(view.clock)
  const counters = new SipCounters(view)
  return [
    applicationModule(view, time),
    sipCommonModule(view, counters, time),
    sipServerModule(view, counters, time),
    {
      name: 'castellan-sip',
      description: 'CASTELLAN-SIP-MIB: how full the registrar and the memory of sipd are',
      oid: oid(`${castellanArc}.12.151`),
      tables: [
        registrarShare(view),
        ...memoryTables(applIndex, view.memory, (holding) => counters.count(({ noRoom }) => noRoom[holding])),
        storageTable(view.storage),
      ],
    },
  ]
}
