/** Prints docs/sipd-directives.md. */
import { directivesDocument } from './document.ts'

process.stdout.write(directivesDocument())
