import type { CallOptions } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lookBelow } from './contained.ts'
import { copyObjects } from './copy-objects.ts'
import type { GitTools } from './git-tools.ts'
import { fillLfs, passOver } from './lfs.ts'
import type { GitBase } from './mirrors.ts'
import { NO_NETWORK, RAW_ATTRIBUTES } from './mirrors.ts'
import type { Git } from './run-git.ts'

/** What git in an attempt says it can not ask, for a file that was left out. A name, of which there is no remote. */
const LEFT_OUT = 'files-of-earlier-commits-are-left-out'

/**
 * A private clone with the history that its mirror has, detached at the commit. Nothing in it leads back: no
 * hard links, no alternates, no remote, no hooks, no configuration but the one written here. It is
 * the agent's to use and to break; the worker never reads its `.git` again.
 */
export async function materializeGit(
  git: Git,
  mirror: string,
  workspace: Pick<GitBase, 'commit' | 'history'>,
  dir: string,
  options?: CallOptions,
): Promise<void> {
  const signal = options?.signal
  const shallow = await isThere(join(mirror, 'shallow'))
  // What a clone only borrows is there at once; of a shallow repository git borrows nothing.
  const borrowing = shallow ? '--no-hardlinks' : '--shared'
  await git(['clone', '--quiet', borrowing, '--no-checkout', '--template=', '--', mirror, dir], {
    config: ['core.logAllRefUpdates=false'],
    signal,
  })
  const gitDir = join(dir, '.git')
  await mkdir(join(gitDir, 'info'), { recursive: true })
  await Promise.all([
    writeFile(join(gitDir, 'info', 'attributes'), RAW_ATTRIBUTES),
    writeFile(join(gitDir, 'config'), configOf(workspace)),
  ])
  if (shallow) await fetchWhereMissing(git, mirror, gitDir, workspace.commit, signal)
  const stop = new AbortController()
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const work = [
    git(['checkout', '--quiet', '--force', '--detach', workspace.commit, '--'], {
      gitDir,
      workTree: dir,
      config: ['checkout.workers=0'],
      signal: both,
    }),
    // Beside it: that one takes a processor, this one the disk.
    ...(shallow ? [] : [copyObjects(join(mirror, 'objects'), join(gitDir, 'objects'), { signal: both })]),
  ]
  try {
    await Promise.all(work)
  } catch (error) {
    stop.abort()
    // Nothing may write there any more once this has failed.
    await Promise.allSettled(work)
    throw error
  }
  await rm(join(gitDir, 'objects', 'info', 'alternates'), { force: true })
}

/** The same with its files of Git LFS and its submodules in their places, each a private clone of its own with nothing that leads back. */
export async function materializeWhole(
  tools: GitTools,
  base: GitBase,
  dir: string,
  options?: CallOptions,
): Promise<void> {
  const gitDir = await tools.mirrors.ensure(base, options)
  await materializeGit(tools.git, gitDir, base, dir, options)
  await passOver(tools, dir, await fillLfs(tools, gitDir, base, dir, options), options)
  for (const module of base.filled ?? []) {
    const at = await lookBelow(dir, module.path)
    if (at?.isDirectory() !== true)
      throw new SeamError('INTEGRITY', `There is no place for submodule ${module.path} in its commit.`)
    await materializeWhole(tools, module, join(dir, module.path), options)
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false
      throw error
    },
  )
}

// A clone of a shallow mirror has only what branches and tags lead to.
async function fetchWhereMissing(
  git: Git,
  mirror: string,
  gitDir: string,
  commit: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { code } = await git(['cat-file', '-e', `${commit}^{commit}`], { gitDir, allow: [1, 128], signal })
  if (code === 0) return
  const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--update-shallow', '--', mirror, commit]
  await git(args, { gitDir, env: NO_NETWORK, signal })
}

// An attempt has an empty home, and git will not commit without a name.
function configOf({ commit, history }: Pick<GitBase, 'commit' | 'history'>): string {
  const extensions = [
    ...(commit.length === 64 ? ['\tobjectformat = sha256'] : []),
    ...(history === 'commits' ? [`\tpartialclone = ${LEFT_OUT}`] : []),
  ]
  return [
    '[core]',
    `\trepositoryformatversion = ${extensions.length > 0 ? 1 : 0}`,
    '\tfilemode = true',
    '\tbare = false',
    '\tlogallrefupdates = true',
    ...(extensions.length > 0 ? ['[extensions]', ...extensions] : []),
    '[user]',
    '\tname = Seamark attempt',
    '\temail = attempt@seamark.invalid',
    '',
  ].join('\n')
}

/** Writes some paths of the base, and nothing else, into an empty folder. Errors: `INVALID_INPUT` for one that is not there. */
export async function materializeFiles(
  git: Git,
  gitDir: string,
  index: string,
  tree: string,
  paths: Iterable<string>,
  dir: string,
  options?: CallOptions,
): Promise<void> {
  if (!(await stat(dir)).isDirectory()) throw new SeamError('INVALID_INPUT', `${dir} is not a folder.`)
  const call = { gitDir, index, workTree: dir, signal: options?.signal }
  await git(['read-tree', tree], call)
  await git(['checkout-index', '-z', '--stdin'], {
    ...call,
    input: Buffer.from([...paths].map((path) => path + '\0').join(''), 'latin1'),
  })
}
