/** Whom castellan apps asks the agent as: who may start and stop applications sees them as well. */
import { applicationsObject } from '../../views/applications.ts'
import type { Need } from '../agent/ask-agent.ts'

export const need: Need = {
  access: 'write',
  oid: applicationsObject,
  otherwise: 'use setany -v3 -u USER with critAppAdminStatus.INDEX',
}
