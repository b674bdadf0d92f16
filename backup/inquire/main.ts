/** Asks a device apart from any job: `main.js FILE`, the file being an inquiry as JSON; prints the answer as JSON. */
import type { Inquiry } from '../../lib/backup/inquiry.ts'
import { messageWithCausesOf } from '../../lib/errors.ts'
import { readJsonFile } from '../../lib/files/json-file.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { answer } from '../inquiry.ts'
import { openDevice } from '../open-device.ts'

const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)))

try {
  const [path, ...more] = process.argv.slice(2)
  if (path === undefined || more.length > 0) throw new Error('expected the file of an inquiry')
  const inquiry = await readJsonFile(path, {
    parse: (content) => (isInquiry(content) ? content : undefined),
    holds: 'an inquiry about a backup device',
    remedy: 'ask again',
  })
  if (!inquiry) throw new Error(`${path} is not there; ask again`)
  const found = await answer(inquiry, (settings) => openDevice(settings, { clock: systemClock }), ending.signal)
  process.stdout.write(`${JSON.stringify(found)}\n`)
} catch (error) {
  process.stderr.write(`backup inquiry: ${messageWithCausesOf(error)}\n`)
  process.exitCode = 2
}

/** The subagents wrote it, in a folder of root's. */
function isInquiry(content: unknown): content is Inquiry {
  if (typeof content !== 'object' || content === null) return false
  return (
    'question' in content &&
    (content.question === 'validate' || content.question === 'list') &&
    'device' in content &&
    typeof content.device === 'object'
  )
}
