/** The resource control section of DISMAN-EVENT-MIB, and its two counters of failures. */
import { column, defineScalars } from '../../../lib/mib/declare.ts'
import { counter32, gauge32, integer32, unsigned32 } from '../../../lib/mib/syntax.ts'
import { mteObjectsArc } from './syntax.ts'

const live = { presence: 'live' } as const

export const mteResource = defineScalars({
  name: 'mteResource',
  oid: `${mteObjectsArc}.1`,
  objects: {
    mteResourceSampleMinimum: column(1, integer32(1, 0x7fff_ffff), 'read-write', { defaultValue: 1 }),
    mteResourceSampleInstanceMaximum: column(2, unsigned32(), 'read-write', { defaultValue: 0 }),
    mteResourceSampleInstances: column(3, gauge32(), 'read-only', live),
    mteResourceSampleInstancesHigh: column(4, gauge32(), 'read-only', live),
    mteResourceSampleInstanceLacks: column(5, counter32(), 'read-only', live),
  },
  cnf: ['mteResourceSampleMinimum', 'mteResourceSampleInstanceMaximum'],
})

export const mteTrigger = defineScalars({
  name: 'mteTrigger',
  oid: `${mteObjectsArc}.2`,
  objects: { mteTriggerFailures: column(1, counter32(), 'read-only', live) },
})

export const mteEvent = defineScalars({
  name: 'mteEvent',
  oid: `${mteObjectsArc}.4`,
  objects: { mteEventFailures: column(1, counter32(), 'read-only', live) },
})
