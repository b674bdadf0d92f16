/** Backups beside what people would use instead: the upload, and the archive. */
import { benchArchive } from './archive.ts'
import { benchUpload } from './upload.ts'

await benchUpload()
await benchArchive()
