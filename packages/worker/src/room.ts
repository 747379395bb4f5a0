import type { CallOptions } from '@seamark/core'
import { systemCode, throwIfAborted } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstat, mkdir, opendir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { NamespaceLayout } from './layout.ts'
import type { Mirrors } from './mirrors.ts'
import { list } from './release.ts'
import { removeTree } from './remove-tree.ts'

/** How many, and the space that they take on the disk. */
export interface SpaceTally {
  readonly count: number
  readonly bytes: number
}

/** Folders of a namespace that grow: workspaces that were not captured, and mirrors of repositories. */
export type RoomKind = 'kept' | 'mirrors'

export interface RoomTerms {
  /** Space that is left, where there is as much that may go. */
  readonly maxBytes: number
  /** Epoch milliseconds. What was kept, or used last, later stays. */
  readonly before: number
  /** Names that stay: launch ids, or those of mirrors. */
  readonly needed: ReadonlySet<string>
  /** Whether it only says what it would remove. */
  readonly dryRun: boolean
}

/** What was removed to make room, and what is left. */
export interface Room {
  readonly removed: SpaceTally
  readonly left: SpaceTally
}

export interface RoomOptions extends CallOptions {
  /** Asked before each removal; what it throws ends it. */
  readonly mayRemove?: (() => Promise<void>) | undefined
  /** Told of each piece that is gone, also before an error. */
  readonly removed?: (() => void) | undefined
}

interface Piece {
  readonly name: string
  readonly bytes: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** Space that a kind takes. Looks at every file. */
export async function spaceOf(layout: NamespaceLayout, kind: RoomKind, options: CallOptions = {}): Promise<SpaceTally> {
  return tallyOf(await piecesIn(layout[kind], kind, options))
}

/**
 * Removes the oldest pieces of a kind until the rest takes at most `maxBytes`. Interrupted, it has removed less. Errors: those of `mayRemove` and of the disk.
 */
export async function makeRoom(
  layout: NamespaceLayout,
  kind: RoomKind,
  { maxBytes, before, needed, dryRun }: RoomTerms,
  mirrors: Pick<Mirrors, 'alone'>,
  { mayRemove, removed: told, ...options }: RoomOptions = {},
): Promise<Room> {
  const dir = layout[kind]
  const pieces = await piecesIn(dir, kind, options)
  const removed = new Set<Piece>()
  let over = tallyOf(pieces).bytes - maxBytes
  for (const piece of pieces.toSorted((a, b) => a.at - b.at)) {
    throwIfAborted(options.signal)
    if (over <= 0 || piece.at >= before) break
    if (needed.has(piece.name)) continue
    if (!dryRun) {
      await mayRemove?.()
      const gone = await mirrors.alone(join(dir, piece.name), () => removePiece(layout, join(dir, piece.name), before))
      if (!gone) continue
      told?.()
    }
    removed.add(piece)
    over -= piece.bytes
  }
  return { removed: tallyOf([...removed]), left: tallyOf(pieces.filter((piece) => !removed.has(piece))) }
}

/** Gone at once, as nobody may take what is half removed for whole; what a kill leaves of it is swept at the next start. */
async function removePiece(layout: NamespaceLayout, path: string, before: number): Promise<boolean> {
  const now = await look(Buffer.from(path))
  if (now !== undefined && now.mtimeMs >= before) return false
  const away = join(layout.tmp, randomUUID())
  await mkdir(layout.tmp, { recursive: true, mode: 0o700 })
  try {
    await rename(path, away)
  } catch (error) {
    // Its owner was faster.
    if (systemCode(error) !== 'ENOENT') throw error
  }
  await removeTree(away)
  return true
}

async function piecesIn(dir: string, kind: RoomKind, options: CallOptions): Promise<readonly Piece[]> {
  const pieces: Piece[] = []
  for (const name of await list(dir)) {
    // The others are under way.
    if (kind === 'mirrors' && (!name.endsWith('.git') || name === 'empty.git')) continue
    const path = Buffer.from(join(dir, name))
    const stat = await look(path)
    if (stat !== undefined) pieces.push({ name, bytes: await spaceBelow(path, stat, options), at: stat.mtimeMs })
  }
  return pieces
}

/** A file with several names counts once. What its attempt closed is left out. */
async function spaceBelow(root: Buffer, { blocks }: Stats, options: CallOptions): Promise<number> {
  const linked = new Set<string>()
  const open = [root]
  let bytes = blocks * 512
  for (let dir = open.pop(); dir !== undefined; dir = open.pop())
    for await (const path of entriesOf(dir)) {
      throwIfAborted(options.signal)
      const stat = await look(path)
      if (stat === undefined) continue
      if (stat.isDirectory()) open.push(path)
      else if (stat.nlink > 1) {
        const file = `${stat.dev}:${stat.ino}`
        if (linked.has(file)) continue
        linked.add(file)
      }
      bytes += stat.blocks * 512
    }
  return bytes
}

/** As bytes: an attempt gives names that are not UTF-8. */
async function* entriesOf(dir: Buffer): AsyncGenerator<Buffer> {
  const entries = await unlessGone(() => opendir(dir, { encoding: 'latin1' }))
  for await (const { name } of entries ?? []) yield Buffer.concat([dir, Buffer.from(`/${name}`, 'latin1')])
}

function look(path: Buffer): Promise<Stats | undefined> {
  return unlessGone(() => lstat(path))
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (['EACCES', 'ENOENT', 'ENAMETOOLONG', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

function tallyOf(pieces: readonly Piece[]): SpaceTally {
  return { count: pieces.length, bytes: pieces.reduce((bytes, piece) => bytes + piece.bytes, 0) }
}
