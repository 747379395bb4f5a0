import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const skipped = new Set(['.git', 'node_modules', 'dist', '.seamark', 'reports'])

/** Paths of files below a folder, ascending, that the pattern matches. */
export function files(folder, pattern) {
  let found = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !skipped.has(entry.name)) found = found.concat(files(path, pattern))
    else if (entry.isFile() && pattern.test(path)) found.push(path)
  }
  return found.sort()
}
