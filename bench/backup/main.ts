/**
 * An upload beside `sftp put` of the same octets to the same server, OpenSSH's on loopback with a key and a port of its own: with
 * all that a job has around it (child, deadlines, retries), one run after the other, and the median of each.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../backup/open-device.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { Sshd } from '../../test/support/sshd.ts'
import { judge, sized } from '../smoke.ts'

const megabytes = sized(512, 16)
const rounds = sized(5, 1)
/** At least this many times as fast as the peer. */
const toMeet = 0.8
const never = new AbortController().signal

const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'))
const file = join(folder, 'content')
const sshd = await Sshd.start()
try {
  for (let written = 0; written < megabytes; written += 16)
    writeFileSync(file, randomBytes(16 * 1024 * 1024), { flag: 'a' })
  const figures = { put: [] as number[], castellan: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    figures.put.push(await rateOf(sftpPut))
    figures.castellan.push(await rateOf(upload))
  }
  const [put, castellan] = [median(figures.put), median(figures.castellan)]
  const ratio = castellan / put
  process.stdout.write(
    `upload of ${megabytes} MB: sftp put ${put.toFixed(0)} MB/s, castellan ${castellan.toFixed(0)} MB/s, ` +
      `${ratio.toFixed(2)}x (to meet: ${toMeet}x)\n`,
  )
  judge(ratio >= toMeet, `an upload is ${ratio.toFixed(2)} times as fast as sftp put; expected ${toMeet}`)
} finally {
  await sshd.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** MB a second. */
async function rateOf(run: () => Promise<void>): Promise<number> {
  const before = performance.now()
  await run()
  return megabytes / ((performance.now() - before) / 1000)
}

async function sftpPut(): Promise<void> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'IdentitiesOnly=yes']
  const key = join(folder, 'key')
  writeFileSync(key, sshd.privateKey, { mode: 0o600 })
  const { userName } = sshd.settings(folder)
  execFileSync(
    'sftp',
    [
      ...options.flatMap((option) => ['-o', option]),
      ...['-b', '-', '-i', key, '-P', String(sshd.port), `${userName}@127.0.0.1`],
    ],
    // -f: durable, as ours is.
    { input: `put -f ${file} ${folder}/by-sftp\n`, stdio: ['pipe', 'ignore', 'inherit'] },
  )
}

async function upload(): Promise<void> {
  const device = openDevice(sshd.settings(folder), { clock: commandClock })
  try {
    const writer = await device.create('by-castellan', never)
    for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) await writer.write(chunk)
    await writer.commit()
  } finally {
    await device.close()
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
