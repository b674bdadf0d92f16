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
import { sized } from '../smoke.ts'
import { compare, type Figures, rateOf } from './compare.ts'

const megabytes = sized(1024, 16)
const rounds = sized(3, 1)
const never = new AbortController().signal

export async function benchUpload(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'))
  const file = join(folder, 'content')
  const sshd = await Sshd.start()
  try {
    for (let written = 0; written < megabytes; written += 16)
      writeFileSync(file, randomBytes(16 * 1024 * 1024), { flag: 'a' })
    const figures: Figures = { peer: [], castellan: [] }
    for (let round = 0; round < rounds; round++) {
      figures.peer.push(await rateOf(megabytes, async () => sftpPut(sshd, folder, file)))
      figures.castellan.push(await rateOf(megabytes, () => upload(sshd, folder, file)))
    }
    return compare(`upload of ${megabytes} MB`, 'sftp put -f', figures)
  } finally {
    await sshd.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function sftpPut(sshd: Sshd, folder: string, file: string): void {
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

async function upload(sshd: Sshd, folder: string, file: string): Promise<void> {
  const device = openDevice(sshd.settings(folder), { clock: commandClock })
  try {
    const writer = await device.create('by-castellan', never)
    for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) await writer.write(chunk)
    await writer.commit()
  } finally {
    await device.close()
  }
}
