/** Writes the pages about directives into a folder: docs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { directivePages, directivesDocument } from './document.ts'

const folder = process.argv[2] ?? 'docs'
writeFileSync(join(folder, directivePages.inForce), directivesDocument('inForce'))
writeFileSync(join(folder, directivePages.accepted), directivesDocument('accepted'))
