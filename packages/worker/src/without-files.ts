import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Git } from './run-git.ts'

/** The name by which a mirror without files knows its source. */
const origin = 'source'
const filter = '--filter=blob:none'

/**
 * Makes a mirror that takes commits and folders of a server, and of files only those that it is asked for. Errors: `UNSUPPORTED` where the
 * server has no filters, before anything is fetched; `UNAVAILABLE`.
 */
export async function initWithoutFiles(
  git: Git,
  gitDir: string,
  source: string,
  commit: string,
  options?: CallOptions,
): Promise<void> {
  const { signal } = options ?? {}
  if (!(await hasFilters(git, source, options)))
    throw new SeamError('UNSUPPORTED', `${source} gives no history without its files: it has no filters.`, {
      remedy: 'Take out history, write `history: none`, or set `uploadpack.allowFilter` on the server.',
      place: { pointer: '/history' },
    })
  const format = commit.length === 64 ? ['--object-format=sha256'] : []
  await git(['init', '--quiet', '--bare', '--template=', ...format, gitDir], { signal })
  for (const [key, value] of [
    // Extensions count from this version on.
    ['core.repositoryFormatVersion', '1'],
    ['extensions.partialClone', origin],
    [`remote.${origin}.url`, source],
    [`remote.${origin}.promisor`, 'true'],
  ] as const)
    await git(['config', '--local', key, value], { gitDir, signal })
}

// Git falls back to whole history without a word but a warning. What a server can is said before its refs.
async function hasFilters(git: Git, source: string, options?: CallOptions): Promise<boolean> {
  const { stderr } = await git(['ls-remote', '--quiet', '--', source, 'HEAD'], {
    from: source,
    env: { GIT_TRACE_PACKET: '1' },
    signal: options?.signal,
  })
  return stderr.split('\n').some((line) => /< (?:fetch=|[0-9a-f]{40,64} .*\\0)(?:.* )?filter(?: |$)/.test(line))
}

/** Fetches a commit with what came before it, what branches and tags lead to, and the files of the commit itself. Errors: `UNAVAILABLE`. */
export async function fetchWithoutFiles(
  git: Git,
  gitDir: string,
  { source, commit, fetchArgs, refs }: WithoutFiles,
  options?: CallOptions,
): Promise<void> {
  const call = { gitDir, from: source, signal: options?.signal }
  await git([...fetchArgs, filter, origin, `+${commit}:refs/seamark/bases/${commit}`], call)
  // One name that is broken there takes the whole fetch down.
  await git([...fetchArgs, filter, origin, ...refs], { ...call, allow: [1, 128] })
  const list = ['rev-list', '--objects', '--no-object-names', '--missing=print', '--max-count=1', commit]
  const { stdout } = await git(list, call)
  const missing = stdout.toString('latin1').match(/(?<=^\?)[0-9a-f]+$/gm) ?? []
  // As git itself asks for what it lacks: by id, and without telling what is there.
  if (missing.length > 0)
    await git([...fetchArgs, filter, '--stdin', origin], {
      ...call,
      config: ['fetch.negotiationAlgorithm=noop'],
      input: Buffer.from(missing.map((id) => `${id}\n`).join('')),
    })
}

export interface WithoutFiles {
  readonly source: string
  readonly commit: string
  /** `fetch` and its options. */
  readonly fetchArgs: readonly string[]
  /** Branches and tags. */
  readonly refs: readonly string[]
}
