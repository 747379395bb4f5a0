import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import type { LfsFile, LfsFiles, LfsObject } from './lfs-object.ts'
import { joinNul, shown, splitNul } from './path-bytes.ts'
import type { BytePath } from './path-bytes.ts'
import type { GitCall } from './run-git.ts'

/** The specification of Git LFS: a pointer is shorter. */
const pointerBytes = 1_024
const pointer =
  /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\/v1\n((?:ext-[0-9a-zA-Z.-]+ .*\n)*)oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,14})\n?$/

/**
 * The files of a tree that Git LFS would fill: those with the attribute `filter=lfs`, as the tree's own `.gitattributes` say, that hold a pointer.
 *
 * Errors, with the pointer `/lfs`: `LIMIT_EXCEEDED` for more files or bytes than a workspace may have of them; `UNSUPPORTED` for one that
 * only a program of the repository's author could make (an extension).
 */
export async function lfsFiles(
  { git, mirrors, limits }: GitTools,
  gitDir: string,
  tree: string,
  options?: CallOptions,
): Promise<LfsFiles> {
  const call: GitCall = { gitDir, signal: options?.signal }
  const entries = await treeEntries(git, call, tree)
  if (![...entries.keys()].some((path) => path === '.gitattributes' || path.endsWith('/.gitattributes')))
    return new Map()
  const paths = [...entries].flatMap(([path, { mode }]) => (mode.startsWith('100') ? [path] : []))
  const marked = await mirrors.scratch(async ({ dir, index }) => {
    // One of its own: attributes of a mirror say that nothing is filtered.
    const own = `${dir}/attributes.git`
    const format = tree.length === 64 ? ['--object-format=sha256'] : []
    await git(['init', '--quiet', '--bare', '--template=', ...format, own], call)
    const asked: GitCall = {
      gitDir: own,
      index,
      env: { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(`${gitDir}/objects`) },
      signal: options?.signal,
    }
    await git(['read-tree', tree], asked)
    const args = ['check-attr', '--cached', '-z', '--stdin', 'filter']
    const fields = splitNul((await git(args, { ...asked, input: joinNul(paths) })).stdout)
    return paths.filter((_, at) => fields[3 * at + 2] === 'lfs')
  })
  const objects = await pointersIn(call, git, new Set(marked.map((path) => entries.get(path)?.oid ?? '')))
  const files = new Map<BytePath, LfsFile>()
  let bytes = 0
  for (const path of marked) {
    const entry = entries.get(path)
    const object = entry && objects.get(entry.oid)
    if (entry === undefined || object === undefined) continue
    if (object === 'extended')
      throw new SeamError('UNSUPPORTED', `The file ${shown(path)} of Git LFS is made by an extension.`, {
        remedy: 'Take out workspace.lfs.',
        place: { pointer: '/lfs' },
      })
    files.set(path, { ...entry, object })
    bytes += object.size
    if (files.size > limits.maxLfsFiles) throw over('files of Git LFS', limits.maxLfsFiles)
    if (bytes > limits.maxLfsBytes) throw over('bytes of files of Git LFS', limits.maxLfsBytes)
  }
  return files
}

async function pointersIn(
  call: GitCall,
  git: GitTools['git'],
  oids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, LfsObject | 'extended'>> {
  const found = new Map<string, LfsObject | 'extended'>()
  if (oids.size === 0) return found
  const input = (list: Iterable<string>) => Buffer.from([...list].map((oid) => `${oid}\n`).join(''))
  const sizes = await git(['cat-file', '--batch-check=%(objectname) %(objectsize)'], { ...call, input: input(oids) })
  const small = sizes.stdout
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [oid = '', size = ''] = line.split(' ')
      return size !== '' && Number(size) < pointerBytes ? [{ oid, size: Number(size) }] : []
    })
  if (small.length === 0) return found
  const asked = input(small.map(({ oid }) => oid))
  const { stdout } = await git(['cat-file', '--batch=%(objectname)'], { ...call, input: asked })
  let at = 0
  for (const { oid, size } of small) {
    const begin = at + oid.length + 1
    const [, extensions, sha256, length] = pointer.exec(stdout.toString('latin1', begin, begin + size)) ?? []
    if (sha256 !== undefined && length !== undefined)
      found.set(oid, extensions === '' ? { sha256, size: Number(length) } : 'extended')
    at = begin + size + 1
  }
  return found
}

function over(what: string, most: number): SeamError {
  return new SeamError('LIMIT_EXCEEDED', `Over the limit of ${most} on ${what}.`, {
    place: { pointer: '/lfs' },
    remedy: 'Take out workspace.lfs, or raise the limit of the worker.',
  })
}
