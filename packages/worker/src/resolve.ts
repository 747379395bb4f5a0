import type { CallOptions, WorkspaceSource } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import { dirname } from 'node:path'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import { resolveLfs } from './lfs.ts'
import type { GitWorkspace } from './mirrors.ts'
import { isPartial } from './mirrors.ts'
import { splitNul } from './path-bytes.ts'
import type { Git, GitCall } from './run-git.ts'
import { gitSource } from './source.ts'
import type { Outer } from './submodules.ts'
import { resolveSubmodules } from './submodules.ts'

const maxListed = 100

/** Pins a source to a commit. Errors: `NOT_FOUND` (no repository, no such ref, no commits), `INVALID_INPUT`, `UNAVAILABLE`. */
export async function resolveGit(
  tools: GitTools,
  wanted: WorkspaceSource,
  options?: CallOptions,
): Promise<GitWorkspace> {
  const { git, mirrors } = tools
  const ref = wanted.ref ?? 'HEAD'
  if (ref === '' || ref.startsWith('-') || ref.length > 1024 || /[\0-\x20]/.test(ref))
    throw new SeamError('INVALID_INPUT', 'The ref of the workspace is not valid.', {
      remedy: 'Name a branch, a tag or a commit.',
      place: { pointer: '/ref' },
    })
  const signal = options?.signal
  const source = await gitSource(wanted)
  const { history } = wanted
  if (history !== undefined && source.type !== 'remote')
    throw new SeamError(
      'INVALID_INPUT',
      `${source.path} is no repository on a server, so nothing is saved without its history.`,
      {
        remedy: 'Take out history.',
        place: { pointer: '/history' },
      },
    )
  if (source.type === 'folder') {
    const gitDir = await repositoryAt(git, source.path, options)
    // Not `workTree`: a bare repository has none, and git finds that of a linked one by itself.
    const call: GitCall = { cwd: source.path, env: ceiling(source.path), signal }
    const partial = await isPartial(git, source.path, options)
    const pinned = await pin(git, call, ref, source.path, partial)
    const filled = wanted.submodules === true
    const outer = { call, commit: pinned.commit, address: source.path, gitDir, lfs: wanted.lfs }
    const modules = filled ? await withSubmodules(tools, outer, options) : {}
    const lfs = wanted.lfs === true ? await withLfs(tools, source.path, pinned.commit, options) : {}
    const changes = await uncommitted(git, gitDir, call, filled)
    return { type: 'git', source: source.path, ...pinned, ...modules, ...lfs, uncommitted: changes }
  }
  const address = source.type === 'bundle' ? source.path : source.url
  if (history !== undefined) return resolveShort(tools, { ...wanted, ref, history }, address, options)
  const gitDir = await mirrors.refresh(address, options)
  const call: GitCall = { gitDir, signal }
  const name = ref === 'HEAD' ? await remoteHead(git, call, address) : ref
  const pinned = await pin(git, call, name, address)
  const outer = { call, commit: pinned.commit, address, lfs: wanted.lfs }
  const modules = wanted.submodules === true ? await withSubmodules(tools, outer, options) : {}
  const lfs = wanted.lfs === true ? await withLfs(tools, address, pinned.commit, options) : {}
  return { type: 'git', source: address, ...pinned, ...modules, ...lfs, uncommitted: { count: 0, paths: [] } }
}

/** A commit of a server without what came before it, so that the first commit is not known, or without the files of that. */
async function resolveShort(
  tools: GitTools,
  wanted: WorkspaceSource & Required<Pick<WorkspaceSource, 'ref' | 'history'>>,
  address: string,
  options?: CallOptions,
): Promise<GitWorkspace> {
  const { history } = wanted
  const commit = await remoteCommit(tools.git, address, wanted.ref, options)
  const { gitDir, tree } = await tools.mirrors.commit(address, commit, { ...options, history })
  const call: GitCall = { gitDir, signal: options?.signal }
  const outer = { call, commit, address, lfs: wanted.lfs }
  const modules = wanted.submodules === true ? await withSubmodules(tools, outer, options) : {}
  const place = { source: address, outermost: address, gitDir, commit, tree }
  const lfs = wanted.lfs === true ? { lfs: await resolveLfs(tools, place, options) } : {}
  const submodules = submodulesOf(await treeEntries(tools.git, call, commit))
  const repository = repositoryId(history === 'none' ? address : await firstCommit(tools.git, call, commit))
  const pinned = { source: address, repository, commit, tree, submodules, history } as const
  return { type: 'git', ...pinned, ...modules, ...lfs, uncommitted: { count: 0, paths: [] } }
}

/** The commit that a server has for a name, in the order in which git looks names up. Errors: `NOT_FOUND`, `UNAVAILABLE`. */
async function remoteCommit(git: Git, address: string, ref: string, options?: CallOptions): Promise<string> {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return ref
  const names = [ref, `refs/${ref}`, `refs/tags/${ref}`, `refs/heads/${ref}`]
  const asked = names.flatMap((name) => [name, `${name}^{}`])
  const call = { from: address, signal: options?.signal }
  const { stdout } = await git(['ls-remote', '--quiet', '--', address, ...asked], call)
  const found = new Map(
    stdout
      .toString('latin1')
      .split('\n')
      .map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))]),
  )
  for (const name of names.map((each) => Buffer.from(each).toString('latin1'))) {
    // What a tag leads to.
    const commit = found.get(`${name}^{}`) ?? found.get(name)
    if (commit !== undefined) return commit
  }
  throw new SeamError('NOT_FOUND', `There is no ${JSON.stringify(ref)} in ${address}.`, {
    remedy: 'Name a branch, a tag or a whole commit id that is there, or take out history.',
    place: { pointer: '/ref' },
  })
}

async function withSubmodules(tools: GitTools, outer: Outer, options?: CallOptions) {
  const filled = await resolveSubmodules(tools, outer, options)
  return filled.length === 0 ? {} : { submodules: [], filled }
}

/** Fetched at submit, so that what is missing is known then. */
async function withLfs(tools: GitTools, source: string, commit: string, options?: CallOptions) {
  const { gitDir, tree } = await tools.mirrors.commit(source, commit, options)
  return { lfs: await resolveLfs(tools, { source, outermost: source, gitDir, commit, tree }, options) }
}

// Only the named folder itself: otherwise a plain folder below a repository would be taken for the whole of it.
// And no transport: a partial clone's own configuration says which program fetches what it lacks.
function ceiling(path: string): Readonly<Record<string, string>> {
  return { GIT_CEILING_DIRECTORIES: dirname(path), GIT_ALLOW_PROTOCOL: 'none' }
}

async function repositoryAt(git: Git, path: string, options?: CallOptions): Promise<string> {
  const args = ['rev-parse', '--absolute-git-dir']
  const call: GitCall = { cwd: path, allow: [128], signal: options?.signal }
  const here = await git(args, { ...call, env: ceiling(path) })
  if (here.code === 0) return here.stdout.toString('utf8').trimEnd()
  const above = await git(['rev-parse', '--show-toplevel'], { ...call, env: { GIT_ALLOW_PROTOCOL: 'none' } })
  throw new SeamError('NOT_FOUND', `${path} is not a git repository.`, {
    remedy:
      above.code === 0
        ? `Name its top folder: ${above.stdout.toString('utf8').trimEnd()}`
        : 'Make one with `git init` and a first commit, or leave out `git` for an empty workspace.',
  })
}

async function pin(git: Git, call: GitCall, ref: string, where: string, partial = false) {
  const answer = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], {
    ...call,
    allow: [1, 128],
  })
  const commit = answer.stdout.toString('latin1').trim().split('\n').at(-1) ?? ''
  if (answer.code !== 0 || !/^[0-9a-f]{40,64}$/.test(commit)) throw await noSuchRef(git, call, ref, where)
  if (partial) await mustBeWhole(git, call, commit, where)
  const text = async (args: readonly string[]) => (await git(args, call)).stdout.toString('latin1').trim()
  const [tree, root, entries] = await Promise.all([
    text(['rev-parse', `${commit}^{tree}`]),
    firstCommit(git, call, commit),
    treeEntries(git, call, commit),
  ])
  return { repository: repositoryId(root), commit, tree, submodules: submodulesOf(entries) }
}

async function firstCommit(git: Git, call: GitCall, commit: string): Promise<string> {
  const { stdout } = await git(['rev-list', '--first-parent', '--max-parents=0', commit], call)
  return stdout.toString('latin1').trim()
}

function submodulesOf(entries: Awaited<ReturnType<typeof treeEntries>>): readonly string[] {
  return [...entries]
    .filter(([, { mode }]) => mode === '160000')
    .map(([path]) => Buffer.from(path, 'latin1').toString('utf8'))
}

// What a partial clone lacks is never fetched for it: its own configuration would say how.
async function mustBeWhole(git: Git, call: GitCall, commit: string, where: string): Promise<void> {
  const args = ['rev-list', '--objects', '--no-object-names', '--missing=print', '--max-count=1', commit]
  const { code, stdout } = await git(args, { ...call, allow: [128] })
  const missing = stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => line.startsWith('?')).length
  if (code === 0 && missing === 0) return
  throw new SeamError('NOT_FOUND', `${where} is a partial clone and has not all files of commit ${commit}.`, {
    remedy: 'Check that commit out there once, which fetches its files, or name the URL of its remote instead.',
    place: { pointer: '/ref' },
  })
}

/**
 * Repositories are told apart by their first commit: every clone, path and URL of one repository
 * agrees on it, so path locks exclude between them. Only first parents are followed: that gives one
 * root however many histories were merged in, and costs least. A fork counts as the same repository,
 * which at worst makes it wait; a shallow clone as another. Where no history is fetched, the address stands for the first commit.
 */
function repositoryId(root: string): string {
  return sha256Hex(`seamark/repository/v1\0${root}`)
}

async function noSuchRef(git: Git, call: GitCall, ref: string, where: string): Promise<SeamError> {
  const { stdout } = await git(
    ['for-each-ref', '--count=10', '--format=%(refname:short)', 'refs/heads', 'refs/tags'],
    call,
  )
  const names = stdout
    .toString('utf8')
    .trim()
    .split('\n')
    .filter((name) => name !== '')
  if (names.length === 0)
    return new SeamError('NOT_FOUND', `${where} has no commits.`, {
      remedy: 'Make a first commit, or leave out `git`.',
    })
  return new SeamError('NOT_FOUND', `There is no commit ${JSON.stringify(ref)} in ${where}.`, {
    remedy: `Name a branch, a tag or a commit that is there, such as ${names.join(', ')}.`,
    place: { pointer: '/ref' },
  })
}

// A bundle may be without HEAD; then its only branch is meant.
async function remoteHead(git: Git, call: GitCall, where: string): Promise<string> {
  const head = await git(['rev-parse', '--verify', '--quiet', 'refs/seamark/HEAD'], { ...call, allow: [1] })
  if (head.code === 0) return 'refs/seamark/HEAD'
  const { stdout } = await git(['for-each-ref', '--format=%(refname)', 'refs/heads'], call)
  const branches = stdout
    .toString('utf8')
    .trim()
    .split('\n')
    .filter((name) => name !== '')
  if (branches.length === 1 && branches[0] !== undefined) return branches[0]
  throw await noSuchRef(git, call, 'HEAD', where)
}

/** Names what the base does not include. Clean filters of the source's configuration are not run for it. */
async function uncommitted(
  git: Git,
  gitDir: string,
  call: GitCall,
  filled: boolean,
): Promise<GitWorkspace['uncommitted']> {
  const bare = await git(['rev-parse', '--is-inside-work-tree'], { ...call, allow: [128] })
  if (bare.stdout.toString('latin1').trim() !== 'true') return { count: 0, paths: [] }
  // Of a submodule only that it is at another commit: git would start itself in it for more.
  const submodules = `--ignore-submodules=${filled ? 'dirty' : 'all'}`
  const { stdout } = await git(
    ['status', '--porcelain=v1', '-z', '--untracked-files=normal', '--no-renames', submodules],
    { ...call, env: { ...call.env, ...(await withoutFilters(git, gitDir, call)) } },
  )
  const changes = splitNul(stdout).map((line) => Buffer.from(line.slice(3), 'latin1').toString('utf8'))
  return { count: changes.length, paths: changes.slice(0, maxListed) }
}

// Through the environment: a driver's name may hold `=`, where `-c` would cut it.
async function withoutFilters(git: Git, gitDir: string, call: GitCall): Promise<Record<string, string>> {
  const { stdout } = await git(['config', '--includes', '--name-only', '-z', '--list'], {
    ...call,
    env: { ...call.env, GIT_DIR: gitDir },
  })
  const drivers = new Set<string>()
  for (const key of splitNul(stdout)) {
    const driver = /^filter\.(.*)\.[^.]*$/s.exec(key)?.[1]
    if (driver !== undefined) drivers.add(Buffer.from(driver, 'latin1').toString('utf8'))
  }
  const settings = [...drivers].flatMap((driver) => [
    [`filter.${driver}.clean`, ''],
    [`filter.${driver}.process`, ''],
    [`filter.${driver}.required`, 'false'],
  ])
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) }
  for (const [i, [key = '', value = '']] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${i}`] = key
    env[`GIT_CONFIG_VALUE_${i}`] = value
  }
  return env
}
