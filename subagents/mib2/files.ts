/** Files of /proc and /sys, read off this thread; a root of one's own holds saved samples. */
import { close, open, read, readdir, readlink } from 'node:fs'

/** The kernel hands out at most a page of these files at a time. */
const pageOctets = 4096

export class SystemFiles {
  readonly root: string
  /** Told once of each file that is wanted and not there: a container or a kernel with less in it. */
  onMissing: (path: string) => void = () => {}
  readonly #missing = new Set<string>()

  constructor(root = '') {
    this.root = root
  }

  /** undefined where the file is missing, may not be read, or does not apply: `speed` of a link that is down is EINVAL. */
  text(path: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      open(this.root + path, 'r', (error, descriptor) => {
        if (error) resolve(undefined)
        else readAll(descriptor, resolve)
      })
    })
  }

  /** As `text`, but empty where there is none, and said once. */
  async wanted(path: string): Promise<string> {
    const found = await this.text(path)
    if (found === undefined && !this.#missing.has(path)) {
      this.#missing.add(path)
      this.onMissing(path)
    }
    return found ?? ''
  }

  /** Empty where the folder is missing. */
  names(path: string): Promise<string[]> {
    return new Promise((resolve) => readdir(this.root + path, (error, names) => resolve(error ? [] : names)))
  }

  link(path: string): Promise<string | undefined> {
    return new Promise((resolve) => readlink(this.root + path, (error, target) => resolve(error ? undefined : target)))
  }
}

/** With callbacks, for a promise at each page costs more than the page. Octets are taken as Latin-1: proc has no other. */
function readAll(descriptor: number, done: (text: string | undefined) => void): void {
  const page = Buffer.allocUnsafe(pageOctets)
  let text = ''
  const finish = (found: string | undefined): void => close(descriptor, () => done(found))
  const next = (): void => {
    read(descriptor, page, 0, pageOctets, null, (error, length) => {
      if (error) return finish(undefined)
      if (length === 0) return finish(text)
      text += page.toString('latin1', 0, length)
      next()
    })
  }
  next()
}
