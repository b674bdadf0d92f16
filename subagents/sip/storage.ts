/** castellanSipStorage: whether what sipd writes reaches its files. */

import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { reasonText } from '../../lib/mib/storage-group.ts'
import type { StorageFigures } from '../../lib/storage.ts'
import { castellanSipStorage } from './mib.ts'

export function storageTable(storage: () => StorageFigures): Serving {
  const group = serve(castellanSipStorage, {
    live: {
      castellanSipStorageFailures: () => storage().failures >>> 0,
      castellanSipStorageUnkept: () => storage().unkept,
      castellanSipStorageReason: () => reasonText(storage()),
    },
  })
  group.table.put({})
  return anyServing(group)
}
