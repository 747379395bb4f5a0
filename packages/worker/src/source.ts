import type { WorkspaceSource } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { open, realpath, stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export type GitSource =
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'bundle'; readonly path: string }
  | { readonly type: 'remote'; readonly url: string }

const scheme = /^([a-z][a-z0-9+.-]*):\/\//i
/** `user@host:path`, git's short form of ssh. */
const short = /^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+:(?!\/\/)[^\0-\x1f]+$/

/** What a plan's `git` names. Errors: `INVALID_INPUT`, `NOT_FOUND`. */
export async function gitSource({ git = '', from }: WorkspaceSource): Promise<GitSource> {
  if (git === '' || /[\0-\x1f]/.test(git) || git.length > 4096)
    throw invalid('The workspace names no repository.', 'Give a path, a bundle or a URL.')
  if (scheme.test(git)) return remote(git)
  const path = isAbsolute(git) ? git : resolve(from, git)
  const found = await statOf(path)
  if (found === undefined) {
    // `transport::address` starts the program of that transport.
    const helper = /^([A-Za-z0-9]+)::/.exec(git)?.[1]
    if (helper !== undefined) throw invalid(`${helper}:: is not a way to a repository.`, 'Use https, ssh or file.')
    if (short.test(git) && !git.startsWith('-')) return { type: 'remote', url: git }
    throw new SeamError('NOT_FOUND', `There is nothing at ${path}.`, { remedy: 'Check the path of the workspace.' })
  }
  const real = await realpath(path)
  if (found.isDirectory()) return { type: 'folder', path: real }
  if (found.isFile() && (await isBundle(real))) return { type: 'bundle', path: real }
  throw new SeamError('NOT_FOUND', `${path} is neither a repository nor a git bundle.`, {
    remedy: 'Give the top folder of a repository, or make a bundle with `git bundle create FILE --all`.',
  })
}

function remote(text: string): Promise<GitSource> | GitSource {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new SeamError('INVALID_INPUT', 'The URL of the workspace is not valid.', { cause, remedy: 'Check the URL.' })
  }
  // The source is part of the run's record, where no credential may ever be.
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:'))
    throw invalid(
      'The URL of the workspace holds a credential.',
      'Remove it; let the worker find it in an SSH agent or a proxy.',
    )
  switch (url.protocol) {
    case 'file:':
      if (url.host !== '') throw invalid('A file URL names no host.', 'Write file:///path.')
      return gitSource({ git: fileURLToPath(url), from: '/' })
    case 'https:':
    case 'ssh:':
      if (url.hostname.startsWith('-') || url.search !== '' || url.hash !== '')
        throw invalid('The URL of the workspace is not one of a repository.', 'Remove what follows the path.')
      return { type: 'remote', url: url.href }
    default:
      throw invalid(`${url.protocol} is not a way to a repository.`, 'Use https, ssh or file.')
  }
}

function invalid(message: string, remedy: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { remedy })
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined
    if (code === 'EACCES')
      throw new SeamError('FORBIDDEN', `${path} can not be read.`, {
        cause: error,
        remedy: 'Give this user access to it.',
      })
    throw error
  }
}

async function isBundle(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
    return /^# v[23] git bundle\n/.test(buffer.toString('latin1', 0, bytesRead))
  } finally {
    await file.close()
  }
}
