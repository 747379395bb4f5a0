import type { CallOptions, ResolvedWorkspace } from '@seamark/core'
import { SeamError, sha256Hex, systemCode } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { access, mkdir, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { removeTree } from './remove-tree.ts'
import type { Git } from './run-git.ts'
import { fetchWithoutFiles, initWithoutFiles } from './without-files.ts'

export type GitWorkspace = Extract<ResolvedWorkspace, { type: 'git' }>

/** What files come from: a workspace, or one of its submodules. */
export type GitBase = Pick<GitWorkspace, 'source' | 'commit' | 'tree' | 'history' | 'filled' | 'lfs'>

/**
 * Every attribute that makes git change bytes or start a program, back to unset. `info/attributes`
 * wins over every `.gitattributes` in a tree, so files are exactly the bytes of their blobs.
 */
export const RAW_ATTRIBUTES =
  '* !text !eol !crlf !filter !ident !working-tree-encoding !diff !merge !binary !whitespace !export-subst\n'

/**
 * Bare repositories that only the worker touches, one for each source: attempts are cloned from
 * them, and results are compared with the base in them. So a source is fetched once, may change or
 * go away while a run lasts, and no attempt's own `.git` is ever trusted.
 */
export interface Mirrors {
  /** Folder of a mirror that has the commit. Errors: `NOT_FOUND`, `UNAVAILABLE`, `INTEGRITY` where its tree is another. */
  ensure(workspace: GitBase, options?: CallOptions): Promise<string>
  /**
   * Folder of a mirror that has a commit of a source, and its tree: with `history: 'none'` alone, with `'commits'` without files that are
   * not its own. Errors: `NOT_FOUND`, `UNAVAILABLE`; `UNSUPPORTED` where its server has no filters.
   */
  commit(
    source: string,
    commit: string,
    options?: CallOptions & Pick<GitBase, 'history'>,
  ): Promise<{ readonly gitDir: string; readonly tree: string }>
  /** Brings branches and tags of a source up to date; makes the mirror if need be. */
  refresh(source: string, options?: CallOptions): Promise<string>
  /** Folder of a repository without commits, in which the empty tree is the base. */
  empty(options?: CallOptions): Promise<string>
  /** Works where nothing else changes what is at a path. */
  alone<T>(path: string, work: () => Promise<T>): Promise<T>
  /** Runs with a private folder for an index and new objects, removed afterwards. */
  scratch<T>(work: (scratch: Scratch) => Promise<T>): Promise<T>
}

export interface Scratch {
  readonly dir: string
  readonly index: string
  readonly objects: string
}

const branches = '+refs/heads/*:refs/heads/*'
const tags = '+refs/tags/*:refs/tags/*'
const fetchArgs = [
  'fetch',
  '--quiet',
  '--force',
  // A name that went away may be in the way of a new one: `feature` of `feature/x`.
  '--prune',
  '--no-tags',
  '--no-write-fetch-head',
  // A shallow source moves its boundary with each of its own fetches.
  '--update-shallow',
  '--no-recurse-submodules',
  '--no-auto-maintenance',
]

export function mirrors(dir: string, git: Git): Mirrors {
  const repositories = join(dir, 'repositories')
  // One change of a mirror at a time; clones from it may run beside.
  const busy = new Map<string, Promise<unknown>>()

  function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
    const mine = (busy.get(path) ?? Promise.resolve()).then(work, work)
    // Whoever asked for it is told; here it only matters that it is over.
    const settled = mine
      .catch(() => undefined)
      .finally(() => {
        if (busy.get(path) === settled) busy.delete(path)
      })
    busy.set(path, settled)
    return mine
  }

  async function create(path: string, make: (temp: string) => Promise<unknown>): Promise<void> {
    if (await exists(path)) return
    await mkdir(repositories, { recursive: true, mode: 0o700 })
    const temp = join(repositories, `tmp-${randomUUID()}`)
    try {
      await make(temp)
      await mkdir(join(temp, 'info'), { recursive: true })
      await writeFile(join(temp, 'info', 'attributes'), RAW_ATTRIBUTES)
      await rename(temp, path)
    } finally {
      await removeTree(temp)
    }
  }

  function pathOf(base: Parameters<typeof mirrorName>[0]): string {
    return join(repositories, mirrorName(base))
  }

  /** Notes that a mirror is used now: what is over a quota goes by that. */
  async function used(path: string): Promise<string> {
    const now = new Date()
    await utimes(path, now, now)
    return path
  }

  // A local clone hard-links the objects where it can, which never change; `--dissociate` copies what
  // the source itself only borrows.
  function clone(source: string, options?: CallOptions) {
    return (temp: string) =>
      git(['clone', '--quiet', '--bare', '--template=', '--dissociate', '--', source, temp], {
        from: source,
        signal: options?.signal,
      })
  }

  /**
   * A partial clone lacks objects of its history, so only the commit itself can be taken from it,
   * without parents. Git is kept from fetching the rest as that repository's configuration says. Of a server it is taken so where
   * nobody wants its history.
   */
  async function fetchAlone(gitDir: string, source: string, commit: string, options?: CallOptions): Promise<void> {
    const args = [...fetchArgs, '--depth=1', '--', source, `+${commit}:refs/seamark/${commit}`]
    await git(args, { gitDir, from: source, env: isAbsolute(source) ? NO_NETWORK : {}, signal: options?.signal })
  }

  /** The commit's tree, where the mirror has it. */
  async function treeOf(gitDir: string, commit: string, options?: CallOptions): Promise<string | undefined> {
    const args = ['rev-parse', '--verify', '--quiet', `${commit}^{tree}`]
    const { code, stdout } = await git(args, { gitDir, allow: [1, 128], signal: options?.signal })
    return code === 0 ? stdout.toString('latin1').trim() : undefined
  }

  function init(options?: CallOptions, commit = '') {
    const format = commit.length === 64 ? ['--object-format=sha256'] : []
    return (temp: string) =>
      git(['init', '--quiet', '--bare', '--template=', ...format, temp], { signal: options?.signal })
  }

  async function fetch(
    gitDir: string,
    source: string,
    refs: readonly string[],
    allow: readonly number[],
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { gitDir, from: source, allow, signal: options?.signal }
    const { code } = await git([...fetchArgs, '--', source, ...refs], call)
    return code === 0
  }

  function commitWithoutFiles(source: string, commit: string, options?: CallOptions) {
    const path = pathOf({ source, history: 'commits' })
    // There as soon as its files are.
    const whole = `refs/seamark/${commit}`
    return alone(path, async () => {
      let tree = (await exists(path)) ? await treeOf(path, whole, options) : undefined
      if (tree === undefined) {
        await create(path, (temp) => initWithoutFiles(git, temp, source, commit, options))
        await fetchWithoutFiles(git, path, { source, commit, fetchArgs, refs: [branches, tags] }, options)
        await git(['update-ref', whole, commit], { gitDir: path, signal: options?.signal })
        tree = await treeOf(path, whole, options)
      }
      if (tree === undefined) throw gone(source, commit)
      return { gitDir: await used(path), tree }
    })
  }

  function commitOf(source: string, commit: string, options?: CallOptions & Pick<GitBase, 'history'>) {
    if (options?.history === 'commits') return commitWithoutFiles(source, commit, options)
    const lone = options?.history === 'none'
    // Beside the mirror with the history, which stays whole.
    const path = pathOf({ source, ...(lone && { history: 'none' }) })
    return alone(path, async () => {
      let tree = (await exists(path)) ? await treeOf(path, commit, options) : undefined
      // The source is looked at only where it is needed: it may be gone.
      const partial = tree === undefined && (lone || (await isPartial(git, source, options)))
      if (tree === undefined) {
        await create(path, partial ? init(options, commit) : clone(source, options))
        if (partial) await fetchAlone(path, source, commit, options)
        tree = await treeOf(path, commit, options)
      }
      if (tree === undefined) {
        // One name that is broken there takes the whole fetch down.
        const whole = await fetch(path, source, [branches, tags], [1, 128], options)
        tree = await treeOf(path, commit, options)
        // A commit that no branch or tag leads to.
        if (tree === undefined)
          await fetch(path, source, [`${commit}:refs/seamark/${commit}`], whole ? [1, 128] : [], options)
        tree ??= await treeOf(path, commit, options)
      }
      if (tree === undefined) throw gone(source, commit)
      return { gitDir: await used(path), tree }
    })
  }

  return {
    alone,
    commit: commitOf,
    async ensure(base, options) {
      const { source, commit, history } = base
      const { gitDir, tree } = await commitOf(source, commit, { ...options, ...(history && { history }) })
      if (tree !== base.tree)
        throw new SeamError('INTEGRITY', `Commit ${base.commit} has not the recorded tree ${base.tree}.`)
      return gitDir
    },
    refresh(source, options) {
      const path = pathOf({ source })
      return alone(path, async () => {
        await create(path, clone(source, options))
        const { stdout } = await git(['ls-remote', '--quiet', '--', source, 'HEAD'], {
          gitDir: path,
          from: source,
          signal: options?.signal,
        })
        const head = stdout
          .toString('latin1')
          .split('\n')
          .some((line) => line.endsWith('\tHEAD'))
        await fetch(path, source, [branches, tags, ...(head ? ['+HEAD:refs/seamark/HEAD'] : [])], [], options)
        return used(path)
      })
    },
    empty(options) {
      const path = join(repositories, 'empty.git')
      return alone(path, async () => {
        await create(path, init(options))
        return path
      })
    },
    async scratch(work) {
      const scratch = join(dir, 'tmp', randomUUID())
      await mkdir(join(scratch, 'objects'), { recursive: true, mode: 0o700 })
      try {
        return await work({ dir: scratch, index: join(scratch, 'index'), objects: join(scratch, 'objects') })
      } finally {
        await removeTree(scratch)
      }
    },
  }
}

/** Name of the folder of a mirror. What is without history, or without its files, has one of its own. */
export function mirrorName({ source, history }: Pick<GitBase, 'source' | 'history'>): string {
  return `${sha256Hex(history === undefined ? source : `${source}\0${history}`)}.git`
}

/** Names of the mirrors that a workspace and its submodules are made from. */
export function mirrorNames(base: GitBase): readonly string[] {
  return [mirrorName(base), ...(base.filled ?? []).flatMap(mirrorNames)]
}

function gone(source: string, commit: string): SeamError {
  return new SeamError('NOT_FOUND', `Commit ${commit} is not in ${source} any more.`, {
    remedy: 'Restore the commit there, or submit again from one that is there.',
  })
}

/** For what only reads a local repository: no transport but that. */
export const NO_NETWORK: Readonly<Record<string, string>> = { GIT_ALLOW_PROTOCOL: 'file' }

/** Whether a source is a local repository that was cloned with a filter. */
export async function isPartial(git: Git, source: string, options?: CallOptions): Promise<boolean> {
  if (!isAbsolute(source)) return false
  const args = ['config', '--local', '--get-regexp', '^(extensions\\.partialclone|remote\\..*\\.promisor)$']
  // A bundle has no configuration, and of what is gone git says so.
  if (!(await isFolder(source))) return false
  const env = { ...NO_NETWORK, GIT_CEILING_DIRECTORIES: dirname(source) }
  const { stdout } = await git(args, { cwd: source, env, allow: [1, 128], signal: options?.signal })
  return stdout.length > 0
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false
      throw error
    },
  )
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false
      throw error
    },
  )
}
