import type { CallOptions, Mount, ResolvedWorkspace, RunSpec } from '@seamark/core'
import { SeamError, sha256Hex, systemCode } from '@seamark/kit'
import { canonicalText } from '@seamark/log'
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { chmod, cp, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { lookBelow, makeWay, whatIsAt } from './contained.ts'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import type { AttemptLayout, NamespaceLayout } from './layout.ts'
import { removeTree } from './remove-tree.ts'
import { reopen } from './reopen.ts'
import { toolchainIdentity } from './toolchain.ts'
import type { TreeEntry } from './result-paths.ts'

export type Setup = NonNullable<RunSpec['setup']>

/** The base's key files, by path. A key that names a folder stands for all files in it. Errors: `INVALID_INPUT` for one that is not there. */
export async function keyFiles(
  { git, mirrors }: GitTools,
  workspace: ResolvedWorkspace,
  key: readonly string[],
  options?: CallOptions,
): Promise<Map<string, TreeEntry>> {
  const found = new Map<string, TreeEntry>()
  if (key.length === 0) return found
  if (workspace.type === 'empty')
    throw new SeamError('INVALID_INPUT', 'The set-up of an empty workspace can have no key files.', {
      remedy: 'Leave `key` empty.',
    })
  const gitDir = await mirrors.ensure(workspace, options)
  for (const path of key) {
    const entries = await treeEntries(git, { gitDir, signal: options?.signal }, workspace.tree, path)
    if (entries.size === 0)
      throw new SeamError('INVALID_INPUT', `The key file ${path} of the set-up is not in the base.`, {
        remedy: 'Commit it, or take it out of `key`.',
      })
    for (const [name, entry] of entries) found.set(name, entry)
  }
  return found
}

/**
 * SHA-256 over the canonical JSON of everything that a layer is made from. What a set-up may reach, and as whom, decides what
 * it can have brought in, so it is part of it; its limits are not.
 */
export function layerDigest(setup: Setup, files: ReadonlyMap<string, TreeEntry>, executorKind: string): string {
  // Byte paths as hex: canonical JSON holds text only.
  const key = [...files].map(([path, { mode, oid }]) => `${Buffer.from(path, 'latin1').toString('hex')} ${mode} ${oid}`)
  const paths = [...new Set(setup.paths)].sort()
  const made = ['seamark/layer/v1', setup.run, key.sort(), { ...toolchainIdentity() }, executorKind, paths]
  const reached = setup.policy?.policy.network?.allow ?? []
  return sha256Hex(canonicalText(reached.length === 0 ? made : [...made, reached.map((rule) => ({ ...rule }))]))
}

function layerDir(ns: NamespaceLayout, digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new SeamError('INVALID_INPUT', 'This is not the digest of a layer.')
  return join(ns.layers, digest)
}

/** Whether a layer was saved and everything it promises is there. */
export async function layerIsWhole(ns: NamespaceLayout, digest: string): Promise<boolean> {
  const dir = layerDir(ns, digest)
  try {
    const about: unknown = JSON.parse(await readFile(join(dir, 'layer.json'), 'utf8'))
    if (typeof about !== 'object' || about === null || !('paths' in about) || !Array.isArray(about.paths)) return false
    for (const path of about.paths) {
      if (typeof path !== 'string') return false
      await lstat(join(dir, 'tree', path))
    }
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return false
    throw error
  }
}

/** The first of the promised paths that a set-up did not make, or made as a link. */
export async function missingPath(attempt: AttemptLayout, setup: Setup): Promise<string | undefined> {
  for (const path of setup.paths) {
    const stat = (await lookBelow(attempt.workspace, path)) ?? (await lookBelow(join(attempt.layer, 'tree'), path))
    if (stat === undefined || !(stat.isDirectory() || stat.isFile())) return whatIsAt(attempt.workspace, path)
  }
  return undefined
}

/** Moves what a set-up made into its layer: whole or not at all, durable before it can be found. Repeating it goes on. */
export async function saveLayer(
  ns: NamespaceLayout,
  digest: string,
  attempt: AttemptLayout,
  setup: Setup,
): Promise<void> {
  const dir = layerDir(ns, digest)
  if (await layerIsWhole(ns, digest)) return
  const tree = join(attempt.layer, 'tree')
  await mkdir(tree, { recursive: true })
  for (const path of [...setup.paths].sort()) {
    const made = await lookBelow(attempt.workspace, path)
    if (made === undefined) continue
    await makeWay(tree, path)
    const [from, to] = [join(attempt.workspace, path), join(tree, path)]
    await reopen(dirname(from))
    await reopen(from)
    await rename(from, to)
    await chmod(to, made.mode & 0o7777)
  }
  // What is above the moved folders is the worker's; the sandbox's user reads through it.
  await chmod(tree, 0o755)
  await writeFile(join(attempt.layer, 'layer.json'), JSON.stringify({ version: 1, paths: setup.paths }))
  await syncBelow(attempt.layer)
  await mkdir(ns.layers, { recursive: true, mode: 0o700 })
  await removeTree(dir)
  try {
    await rename(attempt.layer, dir)
  } catch (error) {
    // Another step was first; what it saved is the same.
    if (!(await layerIsWhole(ns, digest))) throw error
  }
  await syncBelow(ns.layers)
}

// Of tens of thousands of files: one call for the file system they are on, instead of one for each.
async function syncBelow(dir: string): Promise<void> {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }
  await promisify(execFile)('sync', process.platform === 'linux' ? ['-f', dir] : [], { env })
}

/**
 * Brings a layer into a workspace: bound read-only in a sandbox; copied on a host, where a link would
 * let one attempt change what others share.
 */
export async function placeLayer(
  ns: NamespaceLayout,
  digest: string,
  setup: Setup,
  workspace: string,
  seen: string,
  filesystem: 'private' | 'host',
): Promise<Mount[]> {
  if (!(await layerIsWhole(ns, digest)))
    throw new SeamError('NOT_FOUND', `The set-up layer ${digest} is not on this worker.`, {
      remedy: 'Submit again; it will be built.',
    })
  const mounts: Mount[] = []
  for (const path of setup.paths) {
    const source = join(layerDir(ns, digest), 'tree', path)
    const target = join(workspace, path)
    await makeWay(workspace, path)
    const stat = await lstat(source)
    if (filesystem === 'host') {
      await rm(target, { recursive: true, force: true })
      await cp(source, target, {
        recursive: true,
        verbatimSymlinks: true,
        mode: constants.COPYFILE_FICLONE,
        preserveTimestamps: true,
      })
      continue
    }
    await placeTarget(workspace, path, stat.isDirectory())
    mounts.push({ source, target: join(seen, path), mode: 'read-only' })
  }
  return mounts
}

// Something of the right kind to bind over. A link there would lead the mount somewhere else.
async function placeTarget(workspace: string, path: string, folder: boolean): Promise<void> {
  const there = await lookBelow(workspace, path)
  if (there !== undefined && (folder ? there.isDirectory() : there.isFile())) return
  if (there !== undefined)
    throw new SeamError('INVALID_INPUT', `${path} of the set-up is another kind of file in the base.`, {
      remedy: `Take ${path} out of the repository.`,
    })
  if (folder) await mkdir(join(workspace, path), { mode: 0o755 })
  else await writeFile(join(workspace, path), '')
}
