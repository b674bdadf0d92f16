/** Columns that keep as whom a row acts later on: who last said what it does. */
import { securityLevels, securityModels } from '../smi/principal.ts'
import { enumeration } from './syntax.ts'

export const securityModelColumn = () => enumeration(securityModels)
export const securityLevelColumn = () => enumeration(securityLevels)
