import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, rm, utimes, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { SeamError, sha256Hex, systemCode } from '@seamark/kit'
import { z } from 'zod'
import type { KeptHeaders } from './package-files.ts'
import { packageIndex, type PackageIndex } from './package-index.ts'

/** A file of a package whose bytes were found to be those that were stored. */
export interface KeptPackage {
  readonly headers: KeptHeaders
  readonly bytes: number
  /** Its bytes, once. */
  readonly body: () => Readable
  /** Where they are not wanted. */
  readonly close: () => Promise<void>
}

/** A file that is on its way into the cache. No method rejects: what can not be stored is told, and not kept. */
export interface Keeping {
  readonly add: (piece: Uint8Array) => Promise<void>
  /** All of it was added. */
  readonly done: () => Promise<void>
  readonly drop: () => Promise<void>
}

/** Files of packages by their keys, in one folder, the least recently used of which make room. */
export interface PackageCache {
  /** `undefined` where there is none, or it is damaged, which is told and removes it. */
  readonly find: (key: string, signal: AbortSignal) => Promise<KeptPackage | undefined>
  /** `undefined` where one of that length is not kept: others would make room for nothing. */
  readonly keep: (key: string, headers: KeptHeaders, length: number | 'chunked' | undefined) => Keeping | undefined
}

export interface PackageCacheOptions {
  /** Absolute, or relative to the working directory of the process. It is there, and nobody else writes to it. */
  readonly dir: string
  /** Of all files together, those that are being written too. */
  readonly maxBytes: number
  /** Told what keeps files from being kept or found. */
  readonly onNotice: (error: SeamError) => void
}

// A file begins with what is told of it, so that both are there or neither.
const headBytes = 4_096
// Others make room for one whose length is not known, which may then be too large: it gets this part of all.
const unknownPart = 1 / 8
interface Head {
  readonly v: 1
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly headers: KeptHeaders
}

const headSchema: z.ZodType<Head> = z.strictObject({
  v: z.literal(1),
  key: z.string(),
  bytes: z.int().min(0),
  sha256: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
})

/** What a file says of itself, where it is whole and of this key. It is read to its end unless nobody waits any more. */
async function verified(file: FileHandle, key: string, signal: AbortSignal): Promise<Head | undefined> {
  const head = Buffer.alloc(headBytes)
  await file.read(head, 0, headBytes, 0)
  let said: unknown
  try {
    said = JSON.parse(head.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const read = headSchema.safeParse(said)
  if (!read.success || read.data.key !== key || (await file.stat()).size !== headBytes + read.data.bytes)
    return undefined
  const hash = createHash('sha256')
  const body: AsyncIterable<Uint8Array> = file.createReadStream({ start: headBytes, autoClose: false })
  for await (const piece of body) {
    if (signal.aborted) return undefined
    hash.update(piece)
  }
  return hash.digest('hex') === read.data.sha256 ? read.data : undefined
}

/** Does no I/O before it is asked for something. */
export function packageCache({ dir, maxBytes, onNotice }: PackageCacheOptions): PackageCache {
  let reading: Promise<PackageIndex> | undefined

  function notice(what: string, error: unknown): void {
    const remedy = 'Look at the folder of the package cache and its disk.'
    onNotice(new SeamError('UNAVAILABLE', `${what} (${systemCode(error) ?? 'no reason given'}).`, { remedy }))
  }

  async function index(): Promise<PackageIndex | undefined> {
    reading ??= packageIndex(dir, maxBytes)
    try {
      return await reading
    } catch (error) {
      reading = undefined
      notice('The package cache can not be read', error)
      return undefined
    }
  }

  async function find(key: string, signal: AbortSignal): Promise<KeptPackage | undefined> {
    const name = sha256Hex(key)
    const files = await index()
    if (files?.has(name) !== true || signal.aborted) return undefined
    let file: FileHandle | undefined
    try {
      file = await open(join(dir, name), constants.O_RDONLY | constants.O_NOFOLLOW)
      const head = await verified(file, key, signal)
      if (head === undefined) {
        await file.close()
        // It was not read to its end, so nothing is known of it.
        if (signal.aborted) return undefined
        await files.remove(name)
        onNotice(new SeamError('INTEGRITY', 'A file of the package cache is damaged. It is fetched anew.'))
        return undefined
      }
      files.used(name)
      const now = new Date()
      await utimes(join(dir, name), now, now)
      const opened = file
      return {
        headers: head.headers,
        bytes: head.bytes,
        body: () => opened.createReadStream({ start: headBytes }),
        close: () => opened.close(),
      }
    } catch (error) {
      await file?.close().catch(() => undefined)
      // It made room for another one meanwhile.
      if (systemCode(error) !== 'ENOENT') notice('A file of the package cache can not be read', error)
      return undefined
    }
  }

  function keep(key: string, headers: KeptHeaders, length: number | 'chunked' | undefined): Keeping | undefined {
    const most = (typeof length === 'number' ? maxBytes : Math.floor(maxBytes * unknownPart)) - headBytes
    if (typeof length === 'number' && length > most) return undefined
    const name = sha256Hex(key)
    const temporary = join(dir, `.${randomBytes(12).toString('hex')}`)
    const hash = createHash('sha256')
    let bytes = 0
    let files: PackageIndex | undefined
    let file: FileHandle | undefined
    let over = false
    // One after the other: whoever drops it may do so in the middle of a write.
    let last: Promise<void> = Promise.resolve()
    const next = (work: () => Promise<void>): Promise<void> => (last = last.then(work))

    async function drop(): Promise<void> {
      if (over) return
      over = true
      if (files === undefined) return
      files.writing(-headBytes - bytes)
      try {
        await file?.close()
        await rm(temporary, { force: true })
      } catch (error) {
        notice('A file of the package cache can not be removed', error)
      }
    }

    async function begin(): Promise<PackageIndex | undefined> {
      const there = await index()
      there?.writing(headBytes)
      return there
    }

    async function attempt(work: (files: PackageIndex, file: FileHandle) => Promise<void>): Promise<void> {
      if (over) return
      files ??= await begin()
      if (files === undefined) return drop()
      try {
        file ??= await open(temporary, 'wx', 0o600)
        await work(files, file)
      } catch (error) {
        notice('A file of the package cache can not be written', error)
        await drop()
      }
    }

    return {
      add: (piece) =>
        next(() =>
          attempt(async (there, to) => {
            there.writing(piece.length)
            bytes += piece.length
            // One that is larger than it may be is not kept.
            if (bytes > most || !(await there.makeRoom())) return drop()
            hash.update(piece)
            await to.write(piece, 0, piece.length, headBytes + bytes - piece.length)
          }),
        ),
      done: () =>
        next(() =>
          attempt(async (there, to) => {
            const about: Head = { v: 1, key, bytes, sha256: hash.digest('hex'), headers: [...headers] }
            const text = Buffer.from(JSON.stringify(about))
            if (text.length > headBytes) return drop()
            await to.write(Buffer.concat([text, Buffer.alloc(headBytes - text.length, ' ')]), 0, headBytes, 0)
            file = undefined
            await to.close()
            await rename(temporary, join(dir, name))
            over = true
            there.writing(-headBytes - bytes)
            there.add(name, headBytes + bytes)
          }),
        ),
      drop: () => next(drop),
    }
  }

  return { find, keep }
}
