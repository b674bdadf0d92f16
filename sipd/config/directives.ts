/** The directives of sipd.conf, group by group: one row gives the parser, the check, the type and the documentation. */
import type { RecordOf, Rows } from './declare/row.ts'
import { accessControl } from './directives/access-control.ts'
import { accounting } from './directives/accounting.ts'
import { authentication } from './directives/authentication.ts'
import { callForwarding } from './directives/call-forwarding.ts'
import { debug } from './directives/debug.ts'
import { enumLookup } from './directives/enum.ts'
import { gktmp } from './directives/gktmp.ts'
import { hostSpecific } from './directives/host-specific.ts'
import { mysql } from './directives/mysql.ts'
import { numberExpansion } from './directives/number-expansion.ts'
import { own } from './directives/own.ts'
import { preauthorization } from './directives/preauthorization.ts'
import { privacy } from './directives/privacy.ts'
import { radius } from './directives/radius.ts'
import { ras } from './directives/ras.ts'
import { registry } from './directives/registry.ts'
import { routing } from './directives/routing.ts'
import { serverCore } from './directives/server-core.ts'
import { serverGlobal } from './directives/server-global.ts'
import { transport } from './directives/transport.ts'
import { virtualHosts } from './directives/virtual-hosts.ts'

export type { Endpoint } from './declare/kinds.ts'

export const directives = {
  ...serverGlobal,
  ...hostSpecific,
  ...serverCore,
  ...transport,
  ...radius,
  ...debug,
  ...mysql,
  ...gktmp,
  ...accounting,
  ...authentication,
  ...accessControl,
  ...privacy,
  ...preauthorization,
  ...callForwarding,
  ...numberExpansion,
  ...enumLookup,
  ...routing,
  ...registry,
  ...virtualHosts,
  ...ras,
  ...own,
} as const

export type DirectiveName = keyof typeof directives
/** What is in force: a value for each directive, the default where none was written. */
export type SipdConfig = RecordOf<typeof directives>

/** The groups in the order of the documentation. */
export const groups: readonly { readonly title: string; readonly rows: Rows }[] = [
  { title: 'Server-global', rows: serverGlobal },
  { title: 'Host-specific', rows: hostSpecific },
  { title: 'Server-core', rows: serverCore },
  { title: 'Server-core: TCP and TLS', rows: transport },
  { title: 'Server-core: RADIUS', rows: radius },
  { title: 'Server-core: debugging', rows: debug },
  { title: "Castellan's own", rows: own },
  { title: 'Registry', rows: registry },
  { title: 'Virtual proxy hosts', rows: virtualHosts },
  { title: 'Number expansion', rows: numberExpansion },
  { title: 'ENUM', rows: enumLookup },
  { title: 'Next-hop routing', rows: routing },
  { title: 'Authentication', rows: authentication },
  { title: 'Access control and trust lists', rows: accessControl },
  { title: 'Privacy', rows: privacy },
  { title: 'Accounting', rows: accounting },
  { title: 'Call forwarding', rows: callForwarding },
  { title: 'Preauthorization', rows: preauthorization },
  { title: 'MySQL subscriber table', rows: mysql },
  { title: 'GKTMP', rows: gktmp },
  { title: 'H.323 RAS', rows: ras },
]
