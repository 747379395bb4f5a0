import { sha256Hex } from '@seamark/kit'
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { syncFolder, writeWhole } from './durable.ts'

/**
 * The launches that were reaped, however many: they never start again. Each is a mark in one of 256 files, so that neither
 * memory nor a start grows with their number, and a look reads a small part of them.
 */
export interface Tombstones {
  has(launchId: string): boolean
  /** Durable when this returns; the same ones again do no harm. Errors: those of the system. */
  add(launchIds: Iterable<string>): void
}

/** Bytes of a mark: what begins a hash, enough that no two launches ever share it. */
const markBytes = 16

export function openTombstones(folder: string): Tombstones {
  let some = existsSync(folder)
  const fileOf = (hash: string) => join(folder, hash.slice(0, 2))

  return {
    has(launchId) {
      if (!some) return false
      const hash = sha256Hex(launchId)
      const file = fileOf(hash)
      return existsSync(file) && holds(readFileSync(file), markOf(hash))
    },
    add(launchIds) {
      const marks = Map.groupBy([...launchIds].map(sha256Hex), fileOf)
      if (marks.size === 0) return
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      for (const [file, hashes] of marks) append(file, Buffer.concat(hashes.map(markOf)))
      syncFolder(folder)
      if (!some) syncFolder(dirname(folder))
      some = true
    },
  }
}

function markOf(hash: string): Buffer {
  return Buffer.from(hash.slice(2, 2 + 2 * markBytes), 'hex')
}

function holds(marks: Buffer, mark: Buffer): boolean {
  let at = marks.indexOf(mark)
  while (at >= 0 && at % markBytes !== 0) at = marks.indexOf(mark, at + 1)
  return at >= 0
}

function append(file: string, marks: Buffer): void {
  const fd = openSync(file, 'a', 0o600)
  try {
    // A crash may have left a part of one, which is written again.
    const { size } = fstatSync(fd)
    if (size % markBytes !== 0) ftruncateSync(fd, size - (size % markBytes))
    writeWhole(fd, marks)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
