/**
 * A file system in user space that has a size and nothing else, mounted at the path given: stopped by a signal it does not
 * answer any more, as a server that is away. Prints `ready` when it is mounted.
 */
import { spawnSync } from 'node:child_process'
import { openSync, read, writeSync } from 'node:fs'

/** Requests of include/uapi/linux/fuse.h. */
const opcodes = { forget: 2, getattr: 3, statfs: 17, init: 26, interrupt: 36, batchForget: 42 } as const
const notImplemented = -38
const mountPoint = process.argv[2]!
const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0'
const words = ['-i', '-t', 'fuse', '-o', options, 'castellan-test', mountPoint]
const { status, stderr } = spawnSync('mount', words, { stdio: ['ignore', 'ignore', 'pipe', device] })
if (status !== 0) throw new Error(`mount a file system in user space at ${mountPoint}: ${stderr}`)
const buffer = Buffer.alloc(1 << 17)
next()
process.stdout.write('ready\n')

function next(): void {
  read(device, buffer, 0, buffer.length, null, (error, length) => {
    if (error) process.exit(error.code === 'ENODEV' ? 0 : 1) // unmounted
    answer(buffer.readUInt32LE(4), buffer.readBigUInt64LE(8), buffer.subarray(40, length))
    next()
  })
}

function answer(opcode: number, unique: bigint, body: Buffer): void {
  switch (opcode) {
    case opcodes.init:
      return reply(unique, 0, initialized(body.readUInt32LE(8)))
    case opcodes.statfs:
      return reply(unique, 0, size())
    case opcodes.getattr:
      return reply(unique, 0, rootFolder())
    case opcodes.forget:
    case opcodes.batchForget:
    case opcodes.interrupt:
      return
    default:
      return reply(unique, notImplemented, Buffer.alloc(0))
  }
}

function reply(unique: bigint, error: number, body: Buffer): void {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + body.length, 0)
  header.writeInt32LE(error, 4)
  header.writeBigUInt64LE(unique, 8)
  writeSync(device, Buffer.concat([header, body]))
}

/** struct fuse_init_out: version 7.31, and no capability. */
function initialized(maxReadahead: number): Buffer {
  const body = Buffer.alloc(64)
  body.writeUInt32LE(7, 0)
  body.writeUInt32LE(31, 4)
  body.writeUInt32LE(maxReadahead, 8)
  body.writeUInt32LE(4096, 20)
  return body
}

/** struct fuse_kstatfs: 1,000 blocks of 4 KiB, 400 of them free, 300 for everybody. */
function size(): Buffer {
  const body = Buffer.alloc(80)
  for (const [at, value] of [1000n, 400n, 300n, 100n, 90n].entries()) body.writeBigUInt64LE(value, at * 8)
  for (const [at, value] of [4096, 255, 4096].entries()) body.writeUInt32LE(value, 40 + at * 4)
  return body
}

/** struct fuse_attr_out of a folder. */
function rootFolder(): Buffer {
  const body = Buffer.alloc(104)
  body.writeBigUInt64LE(1n, 16)
  body.writeUInt32LE(0o40755, 76)
  body.writeUInt32LE(2, 80)
  return body
}
