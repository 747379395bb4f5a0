import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

/** Writes all of it, where the descriptor stands. Errors: those of the system; a part may be there then. */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  let offset = 0
  while (offset < bytes.byteLength) offset += writeSync(fd, bytes, offset)
}

/** Makes the names in a folder durable. Errors: those of the system. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
