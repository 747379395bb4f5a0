import { watch } from 'node:fs'

/** Calls when a file in a folder changes, until what it gives is called. */
export function watchFolder(folder: string, changed: () => void): () => void {
  try {
    const watcher = watch(folder, changed)
    // Where the folder can not be watched (any more), whoever follows looks by itself from time to time.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    // The same, from the beginning: it may not be there yet.
    return () => undefined
  }
}
