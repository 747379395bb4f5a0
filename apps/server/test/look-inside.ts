import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** Every byte as in an address: `%61`. */
export const percented = (value: string): string =>
  [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

/** What would give a secret away: made here, apart from what takes it out. */
export function formsOf(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value)
  const within = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)),
  )
  const texts = [
    value,
    ...within,
    ...within.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(value),
    percented(value),
    percented(value).toUpperCase(),
    JSON.stringify(value).slice(1, -1),
  ]
  return [...new Set(texts)].map((text) => Buffer.from(text))
}

/** Tells by name which of these secrets are in some bytes. */
export function secretsIn(secrets: Readonly<Record<string, string>>): (bytes: Buffer) => string[] {
  const forms = Object.entries(secrets).flatMap(([name, value]) => formsOf(value).map((form) => ({ name, form })))
  return (bytes) => [...new Set(forms.filter(({ form }) => bytes.includes(form)).map(({ name }) => name))]
}

/** A process comes and goes while it is looked at, and of some of its memory there is nothing to read. */
export function orGone<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EIO', 'EFAULT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw error
  }
}

/** Bytes that are looked at together, and those that are looked at twice: more than any secret has in any form. */
const [WINDOW, OVERLAP] = [2 ** 20, 2 ** 12]
const nothing = Buffer.alloc(WINDOW + OVERLAP)

/** The environment of a process, and what it may have written. Each piece lasts until the next is asked for. */
function* kept(pid: string): Generator<Buffer> {
  const environment = orGone(() => readFileSync(`/proc/${pid}/environ`))
  if (environment !== undefined) yield environment
  yield* memoryOf(pid)
}

/** What a process may have written: the rest is the files that it was started from. */
function* memoryOf(pid: string): Generator<Buffer> {
  const maps = orGone(() => readFileSync(`/proc/${pid}/maps`, 'latin1')) ?? ''
  const memory = orGone(() => openSync(`/proc/${pid}/mem`, 'r'))
  if (memory === undefined) return
  const bytes = Buffer.alloc(WINDOW + OVERLAP)
  try {
    for (const [, from = '', to = ''] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \d+ *(?!.*\[v)/gm)) {
      const end = Number.parseInt(to, 16)
      for (let at = Number.parseInt(from, 16); at < end; at += WINDOW) {
        const wanted = Math.min(end - at, bytes.length)
        const piece = bytes.subarray(0, orGone(() => readSync(memory, bytes, 0, wanted, at)) ?? 0)
        // Most of what is reserved was never written.
        if (!piece.equals(nothing.subarray(0, piece.length))) yield piece
      }
    }
  } finally {
    closeSync(memory)
  }
}

export interface Look {
  readonly processes: number
  /** Secrets by name, and where each was. */
  readonly found: readonly string[]
  /** Places that hold the beacon: a look that finds none proves nothing. */
  readonly beacons: number
}

export interface Looked {
  /** What the environments of attempts have that are meant: a beginning of the id of their run. */
  readonly run: string
  readonly beacon: string
  readonly inside: (bytes: Buffer) => readonly string[]
}

/** Processes of attempts, as root sees them from outside. */
function processesOf(run: string): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const spaceOf = (pid: string): string | undefined => orGone(() => readlinkSync(`/proc/${pid}/ns/pid`))
  const own = spaceOf('self')
  const ours = new Set(
    pids
      .filter((pid) => orGone(() => readFileSync(`/proc/${pid}/environ`))?.includes(`SEAMARK_RUN=${run}`))
      .map(spaceOf)
      .filter((space) => space !== undefined && space !== own),
  )
  return pids.filter((pid) => ours.has(spaceOf(pid)))
}

/** The environments and all memory of the processes of attempts. */
export function lookInside({ run, beacon, inside }: Looked): Look {
  const found = new Set<string>()
  let beacons = 0
  const pids = processesOf(run)
  for (const pid of pids)
    for (const bytes of kept(pid)) {
      if (bytes.includes(beacon)) beacons++
      for (const name of inside(bytes)) found.add(`${name} in ${pid}`)
    }
  return { processes: pids.length, beacons, found: [...found] }
}

/** Files that attempts see and may have written, and that hold some of these bytes. */
export function filesInside(run: string, found: (bytes: Buffer) => boolean): string[] {
  const folders = ['workspace', 'home', 'tmp', 'run', 'dev/shm']
  return processesOf(run).flatMap((pid) =>
    folders.flatMap((folder) => filesWith(`/proc/${pid}/root/${folder}`, found, orGone)),
  )
}

/** Files below a folder that hold some of these bytes. `read` says what may fail: that something is put away meanwhile. */
export function filesWith(folder: string, found: (bytes: Buffer) => boolean, read: Read = orPutAway): string[] {
  const entries = read(() => readdirSync(folder, { withFileTypes: true })) ?? []
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesWith(path, found, read)
    const bytes = entry.isFile() ? read(() => readFileSync(path)) : undefined
    return bytes !== undefined && found(bytes) ? [path] : []
  })
}

/** Files below a folder with a text in them. */
export function filesWithText(folder: string, text: string): string[] {
  return filesWith(folder, (bytes) => bytes.includes(text))
}

type Read = <T>(work: () => T) => T | undefined

function orPutAway<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
