import { randomFillSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFolder } from '@seamark/journal'
import { isFull } from './storage-errors.ts'

/** Disk space set aside, so that a cancel and a settle can still be recorded on a full disk. */
export interface Reserve {
  /** Whether the space is set aside; tries to set it aside again where it is not. Errors of the file system, other than a full disk. */
  restore(): boolean
  /** Gives the space back to the disk; false where there was nothing to give. */
  free(): boolean
}

const chunkBytes = 1024 * 1024
/** How long the space counts as set aside after it was seen: another namespace may give it back meanwhile, on a disk that is full. */
const seenMs = 50

/** A reserve in the file at `path`; of 0 bytes it is always whole. Namespaces of one folder share it. */
export function reserve(path: string, bytes: number): Reserve {
  let seenAt = -Infinity
  const isWhole = (): boolean => {
    if (bytes === 0 || performance.now() - seenAt < seenMs) return true
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? -1) !== bytes) return false
    seenAt = performance.now()
    return true
  }
  return {
    restore() {
      if (isWhole()) return true
      // Megabytes are not written at each call only to find that the disk is still full.
      const { bavail, bsize } = statfsSync(dirname(path))
      if (bavail * bsize < bytes) return false
      try {
        fill(path, bytes)
        return true
      } catch (error) {
        rmSync(`${path}.tmp`, { force: true })
        if (isFull(error)) return false
        throw error
      }
    },
    free() {
      seenAt = -Infinity
      const there = bytes > 0 && statSync(path, { throwIfNoEntry: false }) !== undefined
      rmSync(path, { force: true })
      if (there) syncFolder(dirname(path))
      return there
    },
  }
}

function fill(path: string, bytes: number): void {
  const fd = openSync(`${path}.tmp`, 'w', 0o600)
  try {
    // Random bytes: neither a sparse file nor compression gives the space away again.
    const chunk = randomFillSync(Buffer.alloc(Math.min(chunkBytes, bytes)))
    for (let left = bytes; left > 0;) left -= writeSync(fd, chunk, 0, Math.min(left, chunk.length))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${path}.tmp`, path)
}
