import type { CallOptions, ChangedFile, WorkspaceDiff } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { mustBeAsTheyWere } from './lfs-unchanged.ts'
import type { LfsFiles } from './lfs-object.ts'
import type { WorkerLimits } from './limits.ts'
import type { Scratch } from './mirrors.ts'
import type { BytePath } from './path-bytes.ts'
import { asText, bytePath, bytesOf, joinNul, shown, splitNul } from './path-bytes.ts'
import type { TreeEntry } from './result-paths.ts'
import { ignoredByGit, resultPaths } from './result-paths.ts'
import type { Git, GitCall } from './run-git.ts'
import { overLimit } from './run-git.ts'
import { unsupportedFile } from './walk.ts'

export interface DiffTask extends CallOptions {
  /** A bare repository that has the base tree and that only the worker touches. */
  readonly gitDir: string
  readonly baseTree: string
  readonly dir: string
  readonly exclude: readonly string[]
  /** Submodules that are not empty; what is in them is not looked at. */
  readonly filled: ReadonlySet<BytePath>
  /** Files of Git LFS, which are not the pointers that the base has in their places. */
  readonly lfs: LfsFiles
  readonly limits: WorkerLimits
}

/**
 * Writes the tree that a workspace came to and compares it with the base. Only the worker's own
 * repository, index and configuration are used; of the workspace, only its files and `.gitignore`s.
 */
export async function diffAgainst(git: Git, scratch: Scratch, task: DiffTask): Promise<WorkspaceDiff> {
  const { limits, dir, baseTree } = task
  const call: GitCall = { gitDir: task.gitDir, objects: scratch.objects, index: scratch.index, signal: task.signal }
  const base = await treeEntries(git, call, baseTree)
  const large: [BytePath, number][] = []
  const paths = await resultPaths(dir, ignoredByGit(git, task.gitDir, dir, task), {
    base,
    exclude: new Set(task.exclude.map(bytePath)),
    filled: task.filled,
    held: task.lfs,
    maxEntries: limits.maxEntries,
    maxDepth: limits.maxDepth,
    check: (path, size) => {
      if (size > limits.maxFileBytes) large.push([path, size])
    },
    ...(task.signal && { signal: task.signal }),
  })
  await mustBeAsTheyWere(dir, task.lfs, paths.held, paths.removed, task)
  for (const [path, size] of large) {
    // The base may hold files over the limit; one of another size was changed.
    const tracked = base.get(path)
    if (tracked === undefined || (await sizeOf(git, call, tracked.oid)) !== size)
      throw overLimit('bytes of a new or changed file', limits.maxFileBytes, shown(path))
  }
  // Before each of them is read.
  const added = paths.present.filter((path) => !base.has(path)).length
  if (added + paths.removed.length > limits.maxChangedFiles) throw overLimit('changed files', limits.maxChangedFiles)
  const tree = await writeTree(git, { ...call, workTree: dir }, baseTree, paths)
  if (tree === baseTree) return { patch: new Uint8Array(), files: [], baseTree, tree }
  const files = await changedFiles(git, call, baseTree, tree)
  if (files.length > limits.maxChangedFiles) throw overLimit('changed files', limits.maxChangedFiles)
  const patch = await patchBetween(git, { ...call, maxBytes: limits.maxPatchBytes }, baseTree, tree)
  return { patch, files, baseTree, tree }
}

/** Git's binary patch format. Renames are not looked for: the patch says what to write, and guessing is quadratic. */
export async function patchBetween(git: Git, call: GitCall, from: string, to: string): Promise<Buffer> {
  const { stdout } = await git(
    [
      'diff-tree',
      '-r',
      '-p',
      '--binary',
      '--full-index',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--no-color',
      from,
      to,
    ],
    { ...call, limit: 'bytes of a patch' },
  )
  return stdout
}

// A million entries of 200 bytes. A tree may name itself again and again, so that a few objects list as billions of files.
const maxListBytes = 200 * 2 ** 20

/** All entries of a tree but folders. Errors: `LIMIT_EXCEEDED`. */
export async function treeEntries(
  git: Git,
  call: GitCall,
  tree: string,
  path?: string,
): Promise<Map<BytePath, TreeEntry>> {
  const { stdout } = await git(
    ['ls-tree', '-r', '-z', '--full-tree', tree, ...(path === undefined ? [] : ['--', path])],
    { ...call, maxBytes: maxListBytes, limit: 'bytes of the list of a tree' },
  )
  return new Map(
    splitNul(stdout).map((line) => {
      const tab = line.indexOf('\t')
      const [mode = '', , oid = ''] = line.slice(0, tab).split(' ')
      return [line.slice(tab + 1), { mode, oid }]
    }),
  )
}

async function writeTree(
  git: Git,
  call: GitCall,
  baseTree: string,
  { present, removed }: { readonly present: readonly BytePath[]; readonly removed: readonly BytePath[] },
): Promise<string> {
  await git(['read-tree', baseTree], call)
  if (removed.length > 0)
    await git(['update-index', '-z', '--index-info'], {
      ...call,
      input: Buffer.from(removed.map((path) => `0 ${'0'.repeat(baseTree.length)}\t${path}\0`).join(''), 'latin1'),
    })
  if (present.length > 0) {
    await git(['update-index', '--add', '--replace', '-z', '--stdin'], { ...call, input: joinNul(present) })
    await checkIndex(git, call, present)
  }
  const { stdout } = await git(['write-tree'], call)
  return stdout.toString('latin1').trim()
}

// git passes over names that it holds for dangerous (such as `git~1`) with a line on stderr and exit code 0.
async function checkIndex(git: Git, call: GitCall, present: readonly BytePath[]): Promise<void> {
  const { stdout } = await git(['ls-files', '-z'], call)
  const held = new Set(splitNul(stdout))
  const missing = present.find((path) => !held.has(path))
  if (missing !== undefined) throw unsupportedFile(missing, 'git refuses its name')
}

async function sizeOf(git: Git, call: GitCall, oid: string): Promise<number> {
  const { stdout } = await git(['cat-file', '-s', oid], call)
  return Number(stdout.toString('latin1'))
}

async function changedFiles(git: Git, call: GitCall, from: string, to: string): Promise<ChangedFile[]> {
  const { stdout } = await git(['diff-tree', '-r', '-z', '--no-renames', '--name-status', from, to], call)
  const fields = splitNul(stdout)
  const files: ChangedFile[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const path = fields[i + 1] ?? ''
    const text = asText(path)
    const named =
      text === undefined ? { path: bytesOf(path).toString('base64'), encoding: 'base64' as const } : { path: text }
    files.push({ ...named, change: changeOf(fields[i]) })
  }
  return files
}

function changeOf(status: string | undefined): ChangedFile['change'] {
  switch (status) {
    case 'A':
      return 'added'
    case 'D':
      return 'deleted'
    case 'M':
    case 'T':
      return 'modified'
    default:
      throw new SeamError('INTERNAL', `git names an unknown kind of change: ${status}`)
  }
}
