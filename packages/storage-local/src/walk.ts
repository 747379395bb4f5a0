import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '@seamark/kit'
import { parseName } from './layout.ts'

/** A folder of the store; `key` is what the keys below it begin with. */
interface Folder {
  readonly path: string
  readonly key: string
  /** Its names go on with the last segment of `key`. */
  readonly goesOn: boolean
  /** Only names that sort before, or only those that sort after, a slash. */
  readonly half?: 'before' | 'after'
}

/** An entry of a folder: of an object just what it is called, as there may be many. */
interface Node {
  readonly sort: string
  readonly name: string
  readonly folder?: Folder
}

async function nodesOf(folder: Folder, prefix: string): Promise<Node[]> {
  const entries = await readdir(folder.path, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  const nodes: Node[] = []
  for (const entry of entries) {
    const name = parseName(entry.name)
    if (name === undefined || name.goesOn !== folder.goesOn) continue
    if (folder.half !== undefined && (name.text < '/' ? 'before' : 'after') !== folder.half) continue
    const key = folder.key + name.text
    // Links are neither: they are never followed.
    if (name.type === 'object') {
      if (entry.isFile() && key.startsWith(prefix)) nodes.push({ sort: name.text, name: entry.name })
      continue
    }
    const path = join(folder.path, entry.name)
    const begin = name.type === 'folder' ? key + '/' : key
    if (!entry.isDirectory() || !(begin.startsWith(prefix) || prefix.startsWith(begin))) continue
    if (name.type === 'folder') {
      nodes.push({ sort: name.text + '/', name: entry.name, folder: { path, key: begin, goesOn: false } })
    } else {
      // `-` and `.` sort before the slash of the folder with the same name, everything else after it.
      nodes.push({ sort: name.text + '.', name: entry.name, folder: { path, key, goesOn: true, half: 'before' } })
      nodes.push({ sort: name.text + '0', name: entry.name, folder: { path, key, goesOn: true, half: 'after' } })
    }
  }
  return nodes.sort((a, b) => (a.sort < b.sort ? -1 : 1))
}

/** Keys that begin with `prefix`, with their paths, ascending. Holds the names of one folder per level. */
export async function* walk(root: string, prefix: string): AsyncGenerator<{ key: string; path: string }> {
  const open = async (folder: Folder) => ({ folder, nodes: (await nodesOf(folder, prefix)).reverse() })
  const stack = [await open({ path: root, key: '', goesOn: false })]
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const node = level.nodes.pop()
    if (node === undefined) stack.pop()
    else if (node.folder !== undefined) stack.push(await open(node.folder))
    else yield { key: level.folder.key + node.sort, path: join(level.folder.path, node.name) }
  }
}
