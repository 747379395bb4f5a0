import type { CallOptions, Problem, ResolvedSubmodule } from '@seamark/core'
import { isSeamError, SeamError } from '@seamark/kit'
import { join } from 'node:path'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import { resolveLfs } from './lfs.ts'
import { asText, bytePath, isContained, shown, splitNul } from './path-bytes.ts'
import type { BytePath } from './path-bytes.ts'
import type { Git, GitCall } from './run-git.ts'
import { gitSource } from './source.ts'
import { isBelow, normalAddress, ownFolder, submoduleAddress } from './submodule-address.ts'

/** A repository at a commit, whose submodules are looked for. */
export interface Outer {
  readonly call: GitCall
  readonly commit: string
  /** What it was fetched from; what a relative address is relative to. */
  readonly address: string
  /** Git's own folder of a local repository, where it keeps clones of submodules. */
  readonly gitDir?: string
  /** Whether files of Git LFS are wanted. */
  readonly lfs?: boolean | undefined
}

const maxFileBytes = 2 ** 20
const pointer = '/submodules'

/**
 * The submodules of a commit, and theirs, each at the commit that the tree has for it. The file `.gitmodules` is hostile input: a submodule
 * comes from the clone of it that a local source keeps, from the folder of the host that the outermost repository is in, or from
 * an address that the deployment lists, and from nowhere else.
 *
 * Errors, with the pointer `/submodules`: `FORBIDDEN`, all such submodules of a repository at once; `INVALID_INPUT`, `NOT_FOUND`,
 * `LIMIT_EXCEEDED`, `UNSUPPORTED` (a path that is not UTF-8); `UNAVAILABLE`.
 */
export async function resolveSubmodules(
  tools: GitTools,
  outer: Outer,
  options?: CallOptions,
): Promise<readonly ResolvedSubmodule[]> {
  const listed = tools.submodules.flatMap((folder) => normalAddress(folder) ?? [])
  const own = ownFolder(outer.address)
  const { maxSubmodules, maxSubmoduleDepth } = tools.limits
  let count = 0

  async function below(repository: Outer, depth: number): Promise<readonly ResolvedSubmodule[]> {
    const entries = await treeEntries(tools.git, repository.call, repository.commit)
    const links = [...entries].filter(([, { mode }]) => mode === '160000')
    if (links.length === 0) return []
    count += links.length
    if (depth > maxSubmoduleDepth) throw over('submodules, one in another', maxSubmoduleDepth)
    if (count > maxSubmodules) throw over('submodules', maxSubmodules)
    const file = entries.get(bytePath('.gitmodules'))
    const declared = file?.mode === '100644' ? await readModules(tools.git, repository.call, file.oid) : undefined
    const problems: Problem[] = []
    const found: (() => Promise<ResolvedSubmodule>)[] = []
    for (const [link, { oid }] of links) {
      const path = pathOf(link)
      const module = declared?.get(link)
      const clone = await localClone(tools.git, repository, module?.name, oid, options)
      if (clone !== undefined) {
        found.push(() => filled(path, clone, { gitDir: clone }, oid, depth))
        continue
      }
      const address = addressOf(module?.url, repository, [...(own === undefined ? [] : [own]), ...listed])
      if ('code' in address) problems.push({ ...address, message: `Submodule ${path}: ${address.message}` })
      else found.push(() => filled(path, address.source, {}, oid, depth))
    }
    const [first] = problems
    if (first !== undefined) throw new SeamError(first.code, first.message, { problems })
    const filledOnes: ResolvedSubmodule[] = []
    for (const fill of found) filledOnes.push(await fill())
    return filledOnes
  }

  async function filled(
    path: string,
    address: string,
    local: { readonly gitDir?: string },
    commit: string,
    depth: number,
  ): Promise<ResolvedSubmodule> {
    const source = local.gitDir ?? (await named(path, () => realSource(address, listed)))
    const { gitDir, tree } = await named(path, () => tools.mirrors.commit(source, commit, options))
    const call: GitCall = { gitDir, signal: options?.signal }
    const place = { source, outermost: outer.address, gitDir, commit, tree }
    const lfs = outer.lfs === true ? await named(path, () => resolveLfs(tools, place, options), '/lfs') : undefined
    const inner = await below({ call, commit, address: source, ...local }, depth + 1)
    return { path, source, commit, tree, ...(lfs !== undefined && { lfs }), ...(inner.length > 0 && { filled: inner }) }
  }

  return below(outer, 1)
}

/** The names and addresses that `.gitmodules` has, by path. Of two for one path the last one counts. */
async function readModules(
  git: Git,
  call: GitCall,
  oid: string,
): Promise<Map<BytePath, { readonly name: string; readonly url?: string }>> {
  const size = Number((await git(['cat-file', '-s', oid], call)).stdout.toString('latin1'))
  if (size > maxFileBytes) throw over('bytes of .gitmodules', maxFileBytes)
  const { code, stdout } = await git(['config', '--no-includes', '-z', `--blob=${oid}`, '--list'], {
    ...call,
    allow: [1, 3, 128],
  })
  if (code !== 0)
    throw new SeamError('INVALID_INPUT', 'The file .gitmodules can not be read: its syntax is wrong.', {
      place: { pointer },
      remedy: 'Correct it in the repository, or take out workspace.submodules.',
    })
  const modules = new Map<string, { path?: BytePath; url?: string }>()
  for (const entry of splitNul(stdout)) {
    const [, name, key, value] = /^submodule\.(.*)\.(path|url)\n(.*)$/s.exec(entry) ?? []
    if (name === undefined || value === undefined) continue
    const module = modules.get(name) ?? {}
    if (key === 'path') module.path = value
    else module.url = Buffer.from(value, 'latin1').toString('utf8')
    modules.set(name, module)
  }
  return new Map(
    [...modules].flatMap(([name, { path, url }]) =>
      path === undefined ? [] : [[path, { name, ...(url !== undefined && { url }) }]],
    ),
  )
}

function pathOf(link: BytePath): string {
  const path = asText(link)
  if (path !== undefined) return path
  throw new SeamError('UNSUPPORTED', `The path ${shown(link)} of a submodule is not UTF-8.`, { place: { pointer } })
}

/** The clone of a submodule that git made in a local repository, where it has the commit. Nothing is fetched for it. */
async function localClone(
  git: Git,
  { gitDir }: Outer,
  name: string | undefined,
  commit: string,
  options?: CallOptions,
): Promise<string | undefined> {
  // Its name would lead out of git's folder.
  if (gitDir === undefined || name === undefined || !isContained(name) || name.includes('\\')) return undefined
  const clone = join(gitDir, 'modules', Buffer.from(name, 'latin1').toString('utf8'))
  const call: GitCall = { gitDir: clone, env: { GIT_ALLOW_PROTOCOL: 'none' }, allow: [1, 128] }
  const { code } = await git(['cat-file', '-e', `${commit}^{commit}`], { ...call, signal: options?.signal })
  return code === 0 ? clone : undefined
}

function addressOf(
  url: string | undefined,
  { address }: Outer,
  allowed: readonly string[],
): { readonly source: string } | Problem {
  const place = { pointer }
  if (url === undefined) return { code: 'INVALID_INPUT', message: 'the file .gitmodules has no address of it.', place }
  const source = submoduleAddress(url, address)
  // A credential would be in there.
  const told = JSON.stringify(
    url
      .replace(/\/\/[^/]*@/, '//…@')
      .replace(/[?#].*$/s, '…')
      .slice(0, 200),
  )
  if (source === undefined)
    return { code: 'FORBIDDEN', message: `${told} is not a way to a submodule.`, place, remedy: 'Use https or ssh.' }
  if (isBelow(source, allowed)) return { source }
  return {
    code: 'FORBIDDEN',
    message: `it may not come from ${told}.`,
    place,
    remedy:
      'Fetch it in the repository with `git submodule update --init --recursive`, or list where it is in `git.submodules` of the configuration.',
  }
}

/** A local path without its links, which may not lead out of what is listed. */
async function realSource(address: string, allowed: readonly string[]): Promise<string> {
  const found = await gitSource({ git: address, from: '/' })
  if (found.type === 'remote') return found.url
  if (isBelow(found.path, allowed)) return found.path
  throw new SeamError('FORBIDDEN', `${address} leads to where no submodule may come from.`, {
    remedy: 'List the folder itself in `git.submodules` of the configuration.',
  })
}

async function named<T>(path: string, work: () => Promise<T>, about = pointer): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isSeamError(error) || error.code === 'ABORTED') throw error
    const { code, problems, retryAfterMs } = error
    const message = `Submodule ${path}: ${error.message}`
    throw new SeamError(code, message, {
      cause: error,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      problems: problems.map((problem) => ({ ...problem, message, place: { pointer: about } })),
    })
  }
}

function over(what: string, most: number): SeamError {
  return new SeamError('LIMIT_EXCEEDED', `Over the limit of ${most} on ${what}.`, {
    place: { pointer },
    remedy: 'Take out workspace.submodules, or raise the limit of the worker.',
  })
}
