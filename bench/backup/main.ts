/** Backups beside what people would use instead: the upload, and the archive. */
import { benchArchive } from './archive.ts'
import { benchUpload } from './upload.ts'

const judges = [await benchUpload(), await benchArchive()]
for (const judge of judges) judge()
