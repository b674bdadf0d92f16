/** An archive beside `gzip -1 | age -r` of the same octets, one run after the other; and the memory that two gigabytes take. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeTestKeys } from '../../test/support/archive.ts'
import { judge, sized } from '../smoke.ts'
import { compare, type Figures, rateOf } from './compare.ts'

const megabytes = sized(256, 16)
const rounds = sized(3, 1)
/** Of that file, in one archive: 2 GiB. */
const copies = 8
const mostMegabytes = 120
const child = fileURLToPath(new URL('archive-child.js', import.meta.url))

export async function benchArchive(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'))
  const file = join(folder, 'content')
  try {
    for (let written = 0; written < megabytes; written += 4) writeFileSync(file, lines(4 * 1024 * 1024), { flag: 'a' })
    const { recipient } = await makeTestKeys()
    const peer = `gzip -1 < ${file} | age -r ${recipient} > ${folder}/by-age`
    const ours = (count: number): string =>
      execFileSync(process.execPath, [child, file, String(count), `${folder}/by-castellan`], { encoding: 'utf8' })
    const figures: Figures = { peer: [], castellan: [] }
    for (let round = 0; round < rounds; round++) {
      figures.peer.push(await rateOf(megabytes, async () => void execFileSync('/bin/sh', ['-c', peer])))
      figures.castellan.push(await rateOf(megabytes, async () => void ours(1)))
    }
    const judgeRate = compare(`archive of ${megabytes} MB`, 'gzip -1 | age -r', figures)
    const took = Number(ours(copies))
    process.stdout.write(`archive of ${copies * megabytes} MB: ${took} MB of memory (to meet: ${mostMegabytes} MB)\n`)
    return () => {
      judgeRate()
      judge(took <= mostMegabytes, `it took ${took} MB of memory; expected ${mostMegabytes}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Such as databases and logs have: words that come again, and numbers that do not. */
function lines(octets: number): Buffer {
  const text: string[] = []
  for (let length = 0; length < octets; ) {
    const line = `sip:${randomBytes(6).toString('hex')}@example.com expires=3600 contact=sip:10.0.${text.length % 256}.7:5060\n`
    text.push(line)
    length += line.length
  }
  return Buffer.from(text.join(''))
}
