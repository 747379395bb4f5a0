import type { Workspaces } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { gitWorkspaces } from '@seamark/worker'

export interface CatalogueWorkspacesOptions {
  /** Addresses of repositories, by the names that plans have for them: https and ssh URLs, and absolute paths. */
  readonly repositories: Readonly<Record<string, string>>
  /** Absolute folder for mirrors of them. */
  readonly dir: string
  /** Name of this instance. Default `catalogue`. */
  readonly name?: string
}

/**
 * Git workspaces of the repositories that a deployment lists, and of no others: a plan says `git: billing`. Errors: `NOT_FOUND` for
 * a name that is not listed; otherwise those of `gitWorkspaces`.
 */
export function catalogueWorkspaces(options: CatalogueWorkspacesOptions): Workspaces {
  const { dir, name = 'catalogue' } = options
  const repositories = new Map(Object.entries(options.repositories))
  const listed = new Set(repositories.values())
  const inner = gitWorkspaces({ dir })
  return {
    ...inner,
    kind: 'catalogue',
    name,
    async resolve(source, call) {
      throwIfAborted(call?.signal)
      const { git = '' } = source
      // A run that is done again names the address that it was resolved to.
      const address = repositories.get(git) ?? (listed.has(git) ? git : undefined)
      if (address === undefined)
        throw new SeamError('NOT_FOUND', `There is no repository ${JSON.stringify(git.slice(0, 100))} here.`, {
          place: { pointer: '/git' },
          remedy: `Name one of: ${[...repositories.keys()].join(', ')}.`,
        })
      return inner.resolve({ ...source, git: address, from: dir }, call)
    },
  }
}
