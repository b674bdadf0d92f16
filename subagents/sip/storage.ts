/** castellanSipStorage: whether what sipd writes reaches its files. */

import type { StorageFigures } from '../../lib/files/storage.ts'
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { reasonText } from '../../lib/mib/storage-group.ts'
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
