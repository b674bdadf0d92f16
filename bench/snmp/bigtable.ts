/** A table of 1,000 rows and 10 columns of all usual types, the same that the peer serves. */
import { column, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import {
  counter32,
  counter64,
  displayString,
  gauge32,
  integer32,
  objectIdentifier,
  timeTicks,
  truthValue,
} from '../../lib/mib/syntax.ts'

const bigIndex = column(1, integer32(1, 0x7fff_ffff))

export const bigTable = defineTable({
  name: 'bigTable',
  oid: '1.3.6.1.4.1.8072.9999.9999.1',
  index: { bigIndex },
  columns: {
    bigInteger: column(2, integer32()),
    bigGauge: column(3, gauge32()),
    bigCounter: column(4, counter32()),
    bigTicks: column(5, timeTicks()),
    bigCounter64: column(6, counter64()),
    bigName: column(7, displayString()),
    bigDescription: column(8, displayString()),
    bigType: column(9, objectIdentifier()),
    bigFlag: column(10, truthValue()),
  },
})

export function bigTableModule(rows = 1000): MibModule {
  const served = serve(bigTable)
  for (let bigIndex = 1; bigIndex <= rows; bigIndex++) {
    served.table.put({
      bigIndex,
      bigInteger: bigIndex * 1000,
      bigGauge: bigIndex * 7919,
      bigCounter: bigIndex * 104_729,
      bigTicks: bigIndex * 100,
      bigCounter64: BigInt(bigIndex) * 1_000_000_007n,
      bigName: `interface${bigIndex}`,
      bigDescription: `cell of row ${bigIndex}`,
      bigType: [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 2, bigIndex],
      bigFlag: bigIndex % 2 === 0,
    })
  }
  return {
    name: 'bigtable',
    description: 'a table to measure with',
    oid: [1, 3, 6, 1, 4, 1, 8072, 9999, 9999],
    tables: [anyServing(served)],
  }
}
