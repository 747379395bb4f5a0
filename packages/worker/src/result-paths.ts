import type { CallOptions } from '@seamark/core'
import { joinNul, shown, splitNul } from './path-bytes.ts'
import type { BytePath } from './path-bytes.ts'
import type { Git } from './run-git.ts'
import { overLimit } from './run-git.ts'
import { entryCounter, listFolder, unsupportedFile } from './walk.ts'
import type { WalkEntry } from './walk.ts'

/** An entry of a git tree. */
export interface TreeEntry {
  readonly mode: string
  readonly oid: string
}

/** What of a workspace belongs to the result. */
export interface ResultPaths {
  /** Files and links to take in. */
  readonly present: readonly BytePath[]
  /** Base paths that are gone, or that something else took the place of. */
  readonly removed: readonly BytePath[]
  /** What is at paths that are not taken in but held to what they were. */
  readonly held: readonly WalkEntry[]
}

export interface ResultPathsOptions extends CallOptions {
  readonly base: ReadonlyMap<BytePath, TreeEntry>
  readonly exclude: ReadonlySet<BytePath>
  /** Submodules that are not empty; what is in them is not looked at. */
  readonly filled: ReadonlySet<BytePath>
  /** Base paths of which the base has something other than the workspace. */
  readonly held: { has(path: BytePath): boolean }
  readonly maxEntries: number
  readonly maxDepth: number
  /** Called for each file that is taken in. */
  readonly check: (path: BytePath, size: number) => void
}

const GITLINK = '160000'
// git reads these in every folder; a pipe would block it and a huge one would fill memory.
const ruleFiles: ReadonlySet<string> = new Set(['.gitignore', '.gitattributes'])
const maxRuleBytes = 2 ** 20

/**
 * Finds what git would take: tracked paths, and untracked ones that no `.gitignore` of the workspace
 * excludes. Anything called `.git` is left out at any depth: the attempt's own repository is not
 * trusted, and one that it made inside is taken as the plain files beside it.
 *
 * Every file is looked at, however it seems: times and git's own index flags are in the agent's
 * hands, so nothing is skipped because it looks unchanged.
 *
 * Errors: `UNSUPPORTED` naming a pipe, socket, device, or files in a submodule; `LIMIT_EXCEEDED`.
 */
export async function resultPaths(dir: string, ignored: Ignored, options: ResultPathsOptions): Promise<ResultPaths> {
  const { base, exclude } = options
  const trackedFolders = foldersOf(base.keys())
  const counter = entryCounter(options.maxEntries)
  const present: BytePath[] = []
  const kept = new Set<BytePath>()
  const held: WalkEntry[] = []

  const take = (entry: WalkEntry) => {
    if (options.held.has(entry.path)) {
      held.push(entry)
      kept.add(entry.path)
      return
    }
    if (entry.kind === 'other') throw unsupportedFile(entry.path, 'it is a pipe, a socket or a device')
    if (entry.kind === 'file') options.check(entry.path, entry.stat.size)
    present.push(entry.path)
    kept.add(entry.path)
  }

  let depth = 0
  for (let level: BytePath[] = ['']; level.length > 0; depth++) {
    const next: BytePath[] = []
    const untracked: WalkEntry[] = []
    for (const folder of level) {
      for (const entry of await listFolder(dir, folder, counter, options)) {
        const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
        if (name === '.git' || exclude.has(entry.path)) continue
        if (ruleFiles.has(name)) checkRules(entry)
        const tracked = base.get(entry.path)
        if (entry.kind !== 'folder') {
          if (tracked === undefined) untracked.push(entry)
          else take(entry)
        } else if (tracked?.mode === GITLINK) {
          const inside = options.filled.has(entry.path) ? [] : await listFolder(dir, entry.path, counter, options)
          if (inside.some(({ path }) => !path.endsWith('/.git')))
            throw unsupportedFile(entry.path, 'there are files in a submodule, which is left empty')
          kept.add(entry.path)
        } else if (trackedFolders.has(entry.path)) next.push(entry.path)
        else untracked.push(entry)
      }
    }
    const [deepest] = untracked
    if (depth > options.maxDepth && deepest !== undefined)
      throw overLimit('folders one in another', options.maxDepth, shown(deepest.path))
    const out = await ignored(untracked.map(({ path }) => path))
    for (const entry of untracked) {
      if (out.has(entry.path)) continue
      if (entry.kind === 'folder') next.push(entry.path)
      else take(entry)
    }
    level = next
  }
  const removed = [...base.keys()].filter((path) => !kept.has(path) && !isUnder(path, exclude))
  return { present, removed, held }
}

/** Which of some paths are ignored. */
export type Ignored = (paths: readonly BytePath[]) => Promise<ReadonlySet<BytePath>>

/** Asks git, which reads the `.gitignore` files of the workspace and no other rules. */
export function ignoredByGit(git: Git, gitDir: string, dir: string, options?: CallOptions): Ignored {
  return async (paths) => {
    const ignored = new Set<BytePath>()
    if (paths.length === 0) return ignored
    const { stdout } = await git(['check-ignore', '-z', '--stdin', '--no-index'], {
      gitDir,
      workTree: dir,
      // check-ignore can not take paths literally, so `./` keeps a leading `:` from being magic.
      input: joinNul(paths.map((path) => './' + path)),
      env: { GIT_LITERAL_PATHSPECS: '0' },
      allow: [1],
      signal: options?.signal,
    })
    for (const path of splitNul(stdout)) ignored.add(path.slice(2))
    return ignored
  }
}

function checkRules(entry: WalkEntry): void {
  if (entry.kind === 'other') throw unsupportedFile(entry.path, 'it is a pipe, a socket or a device')
  if (entry.kind === 'file' && entry.stat.size > maxRuleBytes)
    throw overLimit('bytes of a file with git rules', maxRuleBytes, shown(entry.path))
}

function foldersOf(paths: Iterable<BytePath>): Set<BytePath> {
  const folders = new Set<BytePath>()
  for (const path of paths)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  return folders
}

function isUnder(path: BytePath, roots: ReadonlySet<BytePath>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
    if (roots.has(path.slice(0, end))) return true
  return false
}
