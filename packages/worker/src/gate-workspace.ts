import type { CallOptions, GateSpec, Product } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Blobs } from './blobs.ts'
import { patchBetween, treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import { bytePath } from './path-bytes.ts'
import type { BytePath } from './path-bytes.ts'
import type { GitCall } from './run-git.ts'
import type { TreeEntry } from './result-paths.ts'

/**
 * Brings a product into a fresh workspace that holds its base, with protected paths left as the base
 * has them. Done by the worker's git in the worker's repository; the result must be the tree that was
 * captured. Errors: `INTEGRITY` where it is not.
 */
export async function applyProduct(
  { git, mirrors, limits }: GitTools,
  gitDir: string,
  patch: NonNullable<Product['patch']>,
  protect: GateSpec['protect'],
  dir: string,
  blobs: Blobs,
  options?: CallOptions,
): Promise<void> {
  const bytes: Uint8Array[] = []
  for await (const chunk of blobs.fetch(patch, options)) bytes.push(chunk)
  await mirrors.scratch(async (scratch) => {
    const call: GitCall = { gitDir, objects: scratch.objects, index: scratch.index, signal: options?.signal }
    const writeTree = async () => (await git(['write-tree'], call)).stdout.toString('latin1').trim()
    await git(['read-tree', patch.baseTree], call)
    await git(['apply', '--cached', '--binary', '-'], { ...call, input: Buffer.concat(bytes) })
    if ((await writeTree()) !== patch.tree)
      throw new SeamError('INTEGRITY', `Patch ${patch.sha256} does not lead from its base to tree ${patch.tree}.`)
    const isProtected = protectedBy(protect)
    const base = await treeEntries(git, call, patch.baseTree)
    const result = await treeEntries(git, call, patch.tree)
    const removals = [...result.keys()].filter((path) => isProtected(path) && !base.has(path))
    const restored = [...base].filter(([path]) => isProtected(path))
    // Replacing: what the patch put in the way of a protected path (a link for its folder) gives way.
    await git(['update-index', '--replace', '-z', '--index-info'], {
      ...call,
      input: Buffer.from([...removals.map(removal(patch.tree)), ...restored.map(restoration)].join(''), 'latin1'),
    })
    const final = await writeTree()
    const change = await patchBetween(git, { ...call, maxBytes: 2 * limits.maxPatchBytes }, patch.baseTree, final)
    // The workspace was just made from the base, so there is no link of an agent's on the way.
    if (change.length > 0) await git(['apply', '--binary', '-'], { ...call, workTree: dir, input: change })
  })
}

function removal(tree: string) {
  return (path: BytePath) => `0 ${'0'.repeat(tree.length)}\t${path}\0`
}

function restoration([path, { mode, oid }]: readonly [BytePath, TreeEntry]): string {
  return `${mode} ${oid}\t${path}\0`
}

function protectedBy(protect: GateSpec['protect']): (path: BytePath) => boolean {
  const exact = new Set<BytePath>()
  const roots: BytePath[] = []
  for (const lock of protect) {
    if (lock.type === 'path') exact.add(bytePath(lock.path))
    else if (lock.type === 'tree') roots.push(bytePath(lock.path))
    else
      throw new SeamError('INVALID_INPUT', `A gate can not protect the name ${lock.name}.`, { remedy: 'Name paths.' })
  }
  return (path) => exact.has(path) || roots.some((root) => root === '' || path === root || path.startsWith(root + '/'))
}
