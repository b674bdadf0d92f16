/**
 * An SFTP server in memory that does no more than it must, and some things otherwise than OpenSSH: no extensions, few octets for
 * each read, no modes in its listings, names that lead out of its folder, and a password that is asked for.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type Connection, type SFTPWrapper } from 'ssh2'
import type { NetworkDirectory } from '../../lib/backup/settings.ts'

const { OK, EOF, NO_SUCH_FILE, FAILURE } = ssh2.utils.sftp.STATUS_CODE
const mostReadOctets = 1000

export interface QuirkyOptions {
  /** What it asks for after the user name; each must be answered with the password. */
  readonly prompts?: readonly string[]
}

export class QuirkySftp {
  readonly password = 'asked for'
  readonly #server: InstanceType<typeof ssh2.Server>
  readonly #files = new Map<string, Buffer>()
  readonly #connections = new Set<Connection>()

  constructor({ prompts = ['Password: '] }: QuirkyOptions = {}) {
    this.#server = new ssh2.Server({ hostKeys: [makeHostKey()] }, (connection) => {
      this.#connections.add(connection)
      connection.on('error', () => {})
      connection.once('close', () => this.#connections.delete(connection))
      connection.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive'])
        context.prompt(
          prompts.map((prompt) => ({ prompt, echo: false })),
          (answers) => {
            if (answers.length === prompts.length && answers.every((one) => one === this.password)) context.accept()
            else context.reject(['keyboard-interactive'])
          },
        )
      })
      connection.on('session', (accept) => {
        accept().on('sftp', (acceptSftp) => this.#serve(acceptSftp()))
      })
    })
  }

  async start(): Promise<NetworkDirectory> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const { port } = this.#server.address() as AddressInfo
    const { password } = this
    const where = { type: 'network', name: 'quirky', server: '127.0.0.1', port, path: 'backups' } as const
    return { ...where, userName: 'someone', password, retention: 2 }
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.end()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(sftp: SFTPWrapper): void {
    const handles = new Map<number, { path: string; isListed?: boolean }>()
    const open = (path: string): Buffer => {
      const id = handles.size + 1
      handles.set(id, { path })
      return Buffer.from([id])
    }
    const handleOf = (handle: Buffer) => handles.get(handle[0] ?? 0)
    const contentOf = (handle: Buffer) => this.#files.get(handleOf(handle)?.path ?? '')
    const attributesOf = (content: Buffer) => ({
      ...{ mode: 0, uid: 0, gid: 0, size: content.length, atime: 0, mtime: Math.floor(Date.now() / 1000) },
    })
    sftp.on('REALPATH', (id, path) => {
      sftp.name(id, [{ filename: `/${path}`, longname: path, attrs: attributesOf(Buffer.alloc(0)) }])
    })
    const stat = (id: number, path: string): void => {
      const content = this.#files.get(path)
      if (path === '/backups') sftp.attrs(id, { ...attributesOf(Buffer.alloc(0)), mode: 0o040755 })
      else if (content) sftp.attrs(id, attributesOf(content))
      else sftp.status(id, NO_SUCH_FILE)
    }
    sftp.on('STAT', stat)
    sftp.on('LSTAT', stat)
    sftp.on('FSTAT', (id, handle) => {
      const content = contentOf(handle)
      if (content) sftp.attrs(id, attributesOf(content))
      else sftp.status(id, FAILURE)
    })
    sftp.on('OPEN', (id, path, flags) => {
      const isNew = (flags & ssh2.utils.sftp.OPEN_MODE.CREAT) !== 0
      if (isNew === this.#files.has(path)) return void sftp.status(id, isNew ? FAILURE : NO_SUCH_FILE)
      if (isNew) this.#files.set(path, Buffer.alloc(0))
      sftp.handle(id, open(path))
    })
    sftp.on('WRITE', (id, handle, offset, octets) => {
      const [content, path] = [contentOf(handle), handleOf(handle)?.path]
      if (!content || path === undefined) return void sftp.status(id, FAILURE)
      const size = Math.max(content.length, offset + octets.length)
      const longer = Buffer.concat([content, Buffer.alloc(size - content.length)])
      octets.copy(longer, offset)
      this.#files.set(path, longer)
      sftp.status(id, OK)
    })
    sftp.on('READ', (id, handle, offset, octets) => {
      const piece = contentOf(handle)?.subarray(offset, offset + Math.min(octets, mostReadOctets))
      if (piece && piece.length > 0) sftp.data(id, piece)
      else sftp.status(id, EOF)
    })
    sftp.on('CLOSE', (id) => sftp.status(id, OK))
    sftp.on('OPENDIR', (id, path) => sftp.handle(id, open(path)))
    sftp.on('READDIR', (id, handle) => {
      const state = handleOf(handle)
      if (!state || state.isListed) return void sftp.status(id, EOF)
      state.isListed = true
      const names = [...this.#files].map(([path, content]) => ({ filename: path.slice('/backups/'.length), content }))
      const led = ['../etc/passwd', '/etc/passwd', '..', '.', ''].map((filename) => ({
        filename,
        content: Buffer.from('x'),
      }))
      sftp.name(
        id,
        [...led, ...names].map(({ filename, content }) => ({
          filename,
          longname: `-rw------- 1 someone someone ${content.length} Jan 1 00:00 ${filename}`,
          attrs: attributesOf(content),
        })),
      )
    })
    sftp.on('REMOVE', (id, path) => sftp.status(id, this.#files.delete(path) ? OK : NO_SUCH_FILE))
    sftp.on('RENAME', (id, from, to) => {
      const content = this.#files.get(from)
      if (!content || this.#files.has(to)) return void sftp.status(id, FAILURE)
      this.#files.delete(from)
      this.#files.set(to, content)
      sftp.status(id, OK)
    })
  }
}

function makeHostKey(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-key-'))
  try {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
    return readFileSync(join(folder, 'key'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
