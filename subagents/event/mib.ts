/** DISMAN-EVENT-MIB (RFC 2981) and CASTELLAN-EVENT-MIB, table by table in mib/. */
export * from './mib/castellan.ts'
export * from './mib/events.ts'
export * from './mib/notifications.ts'
export * from './mib/objects.ts'
export * from './mib/resources.ts'
export * from './mib/triggers.ts'
