import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { workerStdio } from '../../sipd/parent/worker-stdio.ts'

const program = `
const { readdirSync, readFileSync } = require('node:fs')
const [, size] = /^FDSize:\\s*(\\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))
process.send({ size: Number(size), open: readdirSync('/proc/self/fd').length }, () => process.disconnect())
`

/** The size of a worker's table of descriptors, and how many of it are taken. */
async function tableOf(limit: number | undefined): Promise<{ size: number; open: number }> {
  const worker = spawn(process.execPath, ['-e', program], { stdio: workerStdio(limit) })
  const [message] = (await once(worker, 'message')) as [{ size: number; open: number }]
  await once(worker, 'exit')
  return message
}

test('a worker begins with a table of descriptors that has room for 10,000 connections, and takes few of them', async () => {
  const { size, open } = await tableOf(undefined)
  assert.ok(size > 10_000 && open < 50, `${size}, ${open} of them open`)
})

test('where fewer descriptors may be open the table is as large as they are, and a worker starts with any', async () => {
  const { size } = await tableOf(1024)
  assert.ok(size >= 1024 && size < 10_000, `${size}`)
  for (const limit of [0, 20, 64]) assert.ok((await tableOf(limit)).open < 50)
})
