import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { isAbsolute } from 'node:path'
import { stat } from 'node:fs/promises'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import { NO_NETWORK } from './mirrors.ts'
import { bytePath, splitNul } from './path-bytes.ts'
import type { GitCall } from './run-git.ts'
import { isBelow, normalAddress, ownFolder } from './submodule-address.ts'

const maxFileBytes = 2 ** 16
const place = { pointer: '/lfs' }

export interface LfsPlace {
  /** What the repository was fetched from. */
  readonly source: string
  /** What the outermost repository was fetched from. */
  readonly outermost: string
  /** The worker's own repository that has the commit. */
  readonly gitDir: string
  readonly commit: string
}

/**
 * Where objects of Git LFS come from: git's own folder of a local repository, or the address of a server. Of a repository on a server its file
 * `.lfsconfig` may name another one, and is hostile input: that is taken only from the folder of the host that the outermost
 * repository is in, or from what the deployment lists.
 *
 * Errors, with the pointer `/lfs`: `FORBIDDEN`, `INVALID_INPUT`.
 */
export async function lfsAddress(tools: GitTools, of: LfsPlace, options?: CallOptions): Promise<string> {
  const { source } = of
  if (isAbsolute(source) && (await stat(source)).isDirectory()) {
    const args = ['rev-parse', '--path-format=absolute', '--git-common-dir']
    const { stdout } = await tools.git(args, { cwd: source, env: NO_NETWORK, signal: options?.signal })
    return stdout.toString('utf8').trimEnd()
  }
  const named = await namedAddress(tools, of, options)
  if (named === undefined) return source.startsWith('https:') ? defaultOf(source) : source
  const own = ownFolder(of.outermost)
  const allowed = [...(own === undefined ? [] : [own]), ...tools.lfs.flatMap((at) => normalAddress(at) ?? [])]
  const address = normalAddress(named)
  if (address !== undefined && isBelow(address, allowed)) return address
  // A credential would be in there.
  const told = JSON.stringify(named.replace(/\/\/[^/]*@/, '//…@').replace(/[?#].*$/s, '…').slice(0, 200)) // prettier-ignore
  throw new SeamError('FORBIDDEN', `Files of Git LFS may not come from ${told}, which .lfsconfig names.`, {
    place,
    remedy: 'List where it is in `git.lfs` of the configuration, or take out workspace.lfs.',
  })
}

/** As the specification of Git LFS has it. */
function defaultOf(url: string): string {
  const path = url.replace(/\/+$/, '')
  return `${path.endsWith('.git') ? path : `${path}.git`}/info/lfs`
}

async function namedAddress(
  { git }: GitTools,
  { gitDir, commit }: LfsPlace,
  options?: CallOptions,
): Promise<string | undefined> {
  const call: GitCall = { gitDir, signal: options?.signal }
  const file = (await treeEntries(git, call, commit, '.lfsconfig')).get(bytePath('.lfsconfig'))
  if (file === undefined || !file.mode.startsWith('100')) return undefined
  const size = Number((await git(['cat-file', '-s', file.oid], call)).stdout.toString('latin1'))
  const args = ['config', '--no-includes', '-z', `--blob=${file.oid}`, '--list']
  const answer = size > maxFileBytes ? undefined : await git(args, { ...call, allow: [1, 3, 128] })
  if (answer?.code !== 0)
    throw new SeamError('INVALID_INPUT', 'The file .lfsconfig can not be read: it is too large, or its syntax is wrong.', {
      place,
      remedy: 'Correct it in the repository, or take out workspace.lfs.',
    }) // prettier-ignore
  const found = new Map(
    splitNul(answer.stdout).map((entry) => {
      const end = entry.indexOf('\n')
      return [entry.slice(0, end), Buffer.from(entry.slice(end + 1), 'latin1').toString('utf8')]
    }),
  )
  return found.get('lfs.url') ?? found.get('remote.origin.lfsurl')
}
