/**
 * Follows a log file over rename, truncation, copying and truncation, deletion and recreation: each whole line once,
 * and none left out, also over a restart. Knows a file by device, inode, its first octets and those before where it
 * stands.
 */
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { isMissing } from '../errors.ts'
import { isSameFile } from '../trust/folder.ts'
import { conditionOf, type FollowerOptions, type FollowerState, type Look, type PollResult } from './follower-result.ts'
import {
  type Generation,
  generationOf,
  hasContentOf,
  headOctets,
  isContentOf,
  isFileOf,
  isUtf16,
  newGeneration,
  stateOf,
  tailOctets,
} from './generation.ts'
import { type Deliver, LineReader } from './line-reader.ts'
import { LogPlace } from './log-place.ts'
import type { Opened } from './open-regular.ts'
import { inOrder, isRenamed, laterByName, type Sibling } from './siblings.ts'
import { placeAtStart } from './start.ts'

const defaultMaxLineOctets = 2 * 1024 * 1024
const defaultDrainMs = 5_000
const doneKept = 32
/** Who compresses keeps the time of a file, cut to milliseconds and rounded once more on the way. */
const keptTimeMs = 2
/** The inode of what stands for a file that was not there when we first looked; no file has it. */
const neverThere = 0

export class Follower {
  readonly #options: FollowerOptions
  readonly #place: LogPlace
  readonly #lines: LineReader
  readonly #drainMs: number
  #generations: Generation[]
  #done: Generation[]
  #hasLooked: boolean
  #isRestored = false
  #rotations = 0
  #filesLost = 0

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#place = new LogPlace(options.path)
    this.#lines = new LineReader(options.maxLineOctets ?? defaultMaxLineOctets, () => options.clock.monotonicMs())
    this.#drainMs = options.drainMs ?? defaultDrainMs
    this.#generations = options.state?.generations.map(generationOf) ?? []
    this.#done = options.state?.done.map(generationOf) ?? []
    this.#hasLooked = options.state !== undefined
  }

  /** Undefined until it has looked for the first time. */
  get state(): FollowerState | undefined {
    if (!this.#hasLooked) return undefined
    return { generations: this.#generations.map(stateOf), done: this.#done.map(stateOf) }
  }

  /** Octets of the live file that are examined, and those just before. */
  get position(): { readonly offset: number; readonly tail: Uint8Array } {
    const { offset = 0, tail = new Uint8Array(0) } = this.#generations.at(-1) ?? {}
    return { offset, tail }
  }

  /** Of the live file, while it is open. */
  get liveDescriptor(): number | undefined {
    return this.#generations.at(-1)?.handle?.fd
  }

  /**
   * Reads what is new, after `found` was called, when it is known which file has the name. One call at a time. Throws what `deliver`
   * throws, and then stands where it stood.
   */
  async poll(deliver: Deliver, found: () => void = () => {}): Promise<PollResult> {
    this.#rotations = 0
    this.#filesLost = 0
    if (!this.#isRestored) await this.#restore()
    this.#isRestored = true
    const seen = await this.#lookAtPath()
    if (!this.#hasLooked && this.#generations.length === 0) await this.#rememberAbsence()
    this.#hasLooked = true
    found()
    const last = this.#generations.at(-1)
    const progress = await this.#readAll(deliver)
    // After reading: a copy is looked for by the time of what was read, not by that of the truncation.
    if (seen.file && last === this.#generations.at(-1) && last) last.modifiedMs = seen.file.mtimeMs
    const isWide = seen.condition === 'ok' && isUtf16(this.#generations.at(-1))
    return {
      condition: isWide ? 'badEncoding' : seen.condition,
      ...(seen.reason === undefined ? {} : { reason: seen.reason }),
      sizeOctets: seen.file?.size ?? 0,
      rotations: this.#rotations,
      filesLost: this.#filesLost,
      ...(this.#place.crowd === undefined ? {} : { crowd: this.#place.crowd }),
      ...progress,
    }
  }

  /** Delivers what follows the last newline of the live file: once, at its end, where it is not followed any further. */
  async readLastLine(deliver: Deliver): Promise<void> {
    const last = this.#generations.at(-1)
    if (last?.handle) await this.#lines.readRest(last, last.handle, deliver)
  }

  async close(): Promise<void> {
    for (const generation of this.#generations) {
      await generation.handle?.close()
      generation.handle = undefined
    }
    this.#place.close()
  }

  /** Finds the files of the saved state again, under whatever name they have now. */
  async #restore(): Promise<void> {
    // A file that is renamed just now may be missed by one listing; one that is gone is missed by all.
    for (let tries = 0; tries < 3 && this.#generations.some((one) => !one.handle); tries++) await this.#reopen()
    // The last one is kept even when its file is gone or was truncated: its time tells which files came after it.
    const last = this.#generations.at(-1)
    for (const one of this.#generations) if (!one.handle && !one.isComplete && one !== last) await this.#countGone(one)
    this.#generations = this.#generations.filter((one) => one.handle || one === last)
    for (const one of this.#generations) if (one !== last) one.quietSinceMs = this.#options.clock.monotonicMs()
  }

  async #reopen(): Promise<void> {
    const live = await this.#place.lstat().catch(() => undefined)
    const found = (await this.#place.siblings()).plain.map(({ name, file }) => ({
      file,
      open: () => this.#place.openSibling(name),
    }))
    if (live) found.unshift({ file: live, open: () => this.#place.open().catch(() => undefined) })
    for (const generation of this.#generations) {
      for (const { open } of found.filter(({ file }) => !generation.handle && isFileOf(file, generation))) {
        const opened = await open()
        if (!opened) continue
        if (isFileOf(opened.file, generation) && (await hasContentOf(opened.handle, generation)))
          generation.handle = opened.handle
        else await opened.handle.close()
      }
    }
  }

  /** Looks which file has the name now, and takes those in that had it since. */
  async #lookAtPath(): Promise<Look & { readonly file: Stats | undefined }> {
    const last = this.#generations.at(-1)
    let file: Stats | undefined
    let opened: Opened | undefined
    try {
      file = await this.#place.lstat()
      if (last?.handle && isFileOf(file, last)) {
        last.quietSinceMs = undefined
        return { condition: 'ok', file }
      }
      opened = await this.#place.open()
    } catch (error) {
      if (file && !isMissing(error)) return { ...conditionOf(error), file: file.isFile() ? file : undefined }
      this.#retireLast()
      // It may have come, been written and been renamed since the last look.
      if (isMissing(error) && last) await this.#takeMissed(last, undefined)
      return { ...conditionOf(error), file: undefined }
    }
    if (!opened) return { condition: 'noFile', file: undefined } // gone between two calls
    await this.#takeLive(opened, last)
    return { condition: 'ok', file: opened.file }
  }

  /** Another file than before has the name. */
  async #takeLive(opened: Opened, last: Generation | undefined): Promise<void> {
    if (last && (await this.#isCopyOf(opened, last))) {
      await last.handle?.close()
      const { offset, head, tail, isSkipping } = last
      const copy = { ...newGeneration(opened.file, opened.handle), offset, head, tail, isSkipping }
      this.#generations = [...this.#generations.filter((one) => one !== last), copy]
      return
    }
    this.#retireLast()
    if (last) {
      if (last.inode !== neverThere) this.#rotations++
      await this.#takeMissed(last, opened.file)
    }
    const generation = (await this.#returned(opened)) ?? newGeneration(opened.file, opened.handle)
    if (!this.#hasLooked) await placeAtStart(generation, opened, this.#options.startAt)
    if (last && !last.handle) this.#generations = this.#generations.filter((one) => one !== last)
    this.#generations.push(generation)
  }

  /**
   * Whether a tool such as rsync put a copy in the place of the file: the original has no name any more, and all that was
   * examined of it is there. A short beginning proves nothing: two logs may begin alike.
   */
  async #isCopyOf({ handle, file }: Opened, last: Generation): Promise<boolean> {
    if (last.offset < headOctets + tailOctets || file.size < last.offset) return false
    const isNamed = last.handle
      ? (await last.handle.stat()).nlink > 0
      : (await this.#place.siblings()).plain.some((sibling) => isFileOf(sibling.file, last))
    return !isNamed && (await hasContentOf(handle, last))
  }

  /** A file that had the name before and has it again goes on where it was left. */
  async #returned({ handle, file }: Opened): Promise<Generation | undefined> {
    for (const known of [...this.#generations, ...this.#done]) {
      if (known.offset === 0 || !isFileOf(file, known) || !(await hasContentOf(handle, known))) continue
      await known.handle?.close()
      known.handle = handle
      known.quietSinceMs = undefined
      this.#generations = this.#generations.filter((one) => one !== known)
      this.#done = this.#done.filter((one) => one !== known)
      return known
    }
    return undefined
  }

  /** What comes from now on is read, also when it has another name again at the next look; what is there is older. */
  async #rememberAbsence(): Promise<void> {
    const timesMs = (await this.#place.siblings()).plain.map(({ file }) => file.mtimeMs)
    const justAfterMs = Math.max(0, ...timesMs) + 0.001
    const absent = newGeneration({ dev: 0, ino: neverThere, mtimeMs: justAfterMs }, undefined)
    this.#generations.push({ ...absent, isComplete: true })
  }

  #retireLast(): void {
    const last = this.#generations.at(-1)
    if (last) last.quietSinceMs ??= this.#options.clock.monotonicMs()
  }

  /**
   * Files that had the name and lost it between two looks: not known, and written since the last look. By what was seen
   * then: a late line may have made what was live then younger than those that came after it.
   */
  async #takeMissed(last: Generation, live: Stats | undefined): Promise<void> {
    const { path: livePath } = this.#place
    const missed: (Sibling & Opened & { readonly isRest: boolean })[] = []
    // Files may be renamed while we list them, so we look until there is nothing new.
    for (let known = -1; known < missed.length; ) {
      known = missed.length
      const siblings = inOrder((await this.#place.siblings()).plain, livePath)
      // What we opened as the live one may have been renamed since: those after it have their turn at the next look.
      const end = siblings.findIndex(({ file }) => live && isSameFile(file, live))
      const later = laterByName(siblings, livePath, (file) => isFileOf(file, last))
      for (const sibling of end < 0 ? siblings : siblings.slice(0, end)) {
        const { name, file } = sibling
        const isOlder = file.mtimeMs < last.modifiedMs && !later.includes(sibling)
        if (isOlder || missed.some((one) => isSameFile(one.file, file))) continue
        const opened = await this.#place.openSibling(name)
        if (!opened) continue
        // Without its own file, the last one may go on in a copy that was made before it was truncated.
        const isSame = isFileOf(opened.file, last) || last.offset > 0
        const isRest = !last.handle && isSame && (await hasContentOf(opened.handle, last))
        const isTaken =
          (live && isSameFile(opened.file, live)) || missed.some((one) => isSameFile(one.file, opened.file))
        if (isTaken || (!isRest && (await this.#isKnown(opened, name)))) await opened.handle.close()
        else missed.push({ name, ...opened, isRest })
      }
    }
    if (!last.handle && !last.isComplete && !missed.some(({ isRest }) => isRest)) await this.#countGone(last)
    if (!last.handle) last.isComplete = true
    for (const { handle, file, isRest } of inOrder(missed, livePath)) {
      if (file.size > 0) this.#rotations++ // an empty one may be a name that a rotator only reserved
      this.#generations.push(this.#retired({ handle, file }, isRest ? last : undefined))
    }
    await this.#countCompressed(last)
    // Its time has told what it had to tell, once another has it as well.
    if (!last.handle && last !== this.#generations.at(-1))
      this.#generations = this.#generations.filter((one) => one !== last)
  }

  /** A file that is or was followed, or a copy of one. */
  async #isKnown({ handle, file }: Opened, name: string): Promise<boolean> {
    const mayBeCopy = !isRenamed(name, this.#place.path)
    for (const known of [...this.#generations, ...this.#done]) {
      if (isFileOf(file, known)) {
        if (known.handle) return true // held open, so its inode is no other's
        if (known.offset === 0 ? file.size === 0 : await hasContentOf(handle, known)) return true
      } else if (mayBeCopy && known.offset > 0 && (await hasContentOf(handle, known))) return true
    }
    return false
  }

  /** A file of ours that is nowhere: nothing of it is lost when it was compressed after we had read all of it. */
  async #countGone(gone: Generation): Promise<void> {
    for (const { name, file } of (await this.#place.siblings()).gzipped) {
      if (file.mtimeMs < gone.modifiedMs - keptTimeMs) continue
      const content = await this.#place.readGzip(name)
      if (!content?.head.subarray(0, gone.head.length).equals(gone.head)) continue
      this.#remember(newGeneration(file, undefined))
      if (content.length === gone.offset % 2 ** 32) return
    }
    this.#filesLost++
  }

  /** Of what was compressed since the last look, what we neither have open nor had read to its end. */
  async #countCompressed(last: Generation): Promise<void> {
    for (const { name, file } of (await this.#place.siblings()).gzipped) {
      if (file.mtimeMs < last.modifiedMs - keptTimeMs || this.#done.some((one) => isFileOf(file, one))) continue
      const content = await this.#place.readGzip(name)
      if (!content) continue
      const known = [...this.#generations, ...this.#done]
      const isRead = await Promise.all(known.map((one) => isContentOf(content, one)))
      this.#remember(newGeneration(file, undefined)) // so that it is judged once
      if (!isRead.includes(true)) this.#filesLost++
    }
  }

  /** A file that has another name by now, from its beginning or from where its original was left. */
  #retired({ handle, file }: Opened, original?: Generation): Generation {
    const generation = { ...newGeneration(file, handle), quietSinceMs: this.#options.clock.monotonicMs() }
    if (!original) return generation
    const { offset, head, tail, isSkipping } = original
    return { ...generation, offset, head, tail, isSkipping }
  }

  async #readAll(deliver: Deliver): Promise<Pick<PollResult, 'isBehind' | 'hasMore'>> {
    let isBehind = false
    let hasMore = false
    for (const generation of [...this.#generations]) {
      const { handle } = generation
      if (!handle) continue
      const outcome = await this.#lines.read(generation, handle, deliver)
      if (outcome === 'replaced') {
        await this.#truncated(generation, handle)
        hasMore = true
      } else if (outcome === 'more')
        return { isBehind: true, hasMore: true } // what came after it is read after it
      else if (generation.quietSinceMs !== undefined) {
        if (this.#options.clock.monotonicMs() - generation.quietSinceMs >= this.#drainMs)
          await this.#finish(generation, handle, deliver)
        else isBehind = true
      }
    }
    return { isBehind: isBehind || hasMore, hasMore }
  }

  /** Another file in the same inode: what it had is looked for in a copy, and the file is begun again. */
  async #truncated(generation: Generation, handle: FileHandle): Promise<void> {
    const at = this.#generations.indexOf(generation)
    const file = await handle.stat()
    const isLive = generation === this.#generations.at(-1) && generation.quietSinceMs === undefined
    const copy = await this.#copyOf(generation)
    const next: Generation[] = copy ? [copy] : []
    if (isLive) {
      this.#rotations++
      next.push(newGeneration(file, handle))
    } else await handle.close()
    if (!copy) this.#remember(generation)
    this.#generations.splice(at, 1, ...next)
  }

  async #copyOf(generation: Generation): Promise<Generation | undefined> {
    if (generation.offset === 0) return undefined
    for (const { name, file } of (await this.#place.siblings()).plain) {
      if (file.ino === generation.inode || file.size < generation.offset || file.mtimeMs < generation.modifiedMs)
        continue
      const opened = await this.#place.openSibling(name)
      if (!opened) continue
      if (await hasContentOf(opened.handle, generation)) return this.#retired(opened, generation)
      await opened.handle.close()
    }
    return undefined
  }

  /** The last line of a file that nobody writes to any more need not have an end. */
  async #finish(generation: Generation, handle: FileHandle, deliver: Deliver): Promise<void> {
    await this.#lines.readRest(generation, handle, deliver)
    // Held open, a deleted file would keep its room on the disk.
    await handle.close()
    generation.handle = undefined
    generation.isComplete = true
    // What had the name last is remembered: its time tells which files came after it.
    if (generation === this.#generations.at(-1)) return
    this.#generations = this.#generations.filter((one) => one !== generation)
    this.#remember(generation)
  }

  #remember(generation: Generation): void {
    generation.handle = undefined
    this.#done = [...this.#done, generation].slice(-doneKept)
  }
}
