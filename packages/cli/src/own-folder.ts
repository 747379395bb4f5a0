import type { Stats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import { runGit } from './run-git.ts'

/**
 * Refuses a data folder that somebody else could have filled: its keys would sign for them, and its socket be theirs.
 * One that is not there yet is good where no link on the way to it came with a repository.
 *
 * Errors: `FORBIDDEN` for a folder, or a link to it, that git tracks, that belongs to another user or that others may
 * write; `INVALID_INPUT` for what is no folder; `UNAVAILABLE` where git is needed and does not answer.
 */
export async function requireOwnFolder(dataDir: string, environment: { readonly path?: string }): Promise<void> {
  const { links, end, found } = await followLinks(dataDir)
  for (const path of [...links, end])
    if (await isTracked(path, environment))
      throw refused(
        `${dataDir} came with a repository: git tracks ${path}.`,
        'Whoever has the repository knows its keys, also where you committed it yourself.',
      )
  if (found === undefined) return
  if (!found.isDirectory())
    throw new SeamError('INVALID_INPUT', `${dataDir} is no folder.`, { remedy: 'Name another one with --data.' })
  const user = process.geteuid?.()
  if (user !== undefined && found.uid !== user)
    throw refused(`${dataDir} belongs to user ${found.uid}, and this is user ${user}.`, 'Run as its owner.')
  if ((found.mode & 0o022) !== 0)
    throw refused(
      `${dataDir} may be written by others (mode ${(found.mode & 0o777).toString(8)}).`,
      `If all that is in it is yours: chmod go-w on it.`,
    )
}

function refused(message: string, remedy: string): SeamError {
  return new SeamError('FORBIDDEN', message, { remedy: `${remedy} Or name another folder with --data.` })
}

// The kernel gives up at 40 (path_resolution(7)).
const mostLinks = 40

interface Way {
  /** Every link on the way. */
  readonly links: readonly string[]
  /** Where they lead. */
  readonly end: string
  readonly found: Stats | undefined
}

/** Follows a path as the kernel does, and tells of each link. */
async function followLinks(path: string): Promise<Way> {
  const links: string[] = []
  let todo = resolve(path).split(sep).filter(Boolean)
  let at = '/'
  let found: Stats | undefined
  for (let step = todo.shift(); step !== undefined; step = todo.shift()) {
    const next = join(at, step)
    found = await lstatIfThere(next)
    if (found === undefined) return { links, end: join(next, ...todo), found }
    if (!found.isSymbolicLink()) {
      at = next
      continue
    }
    if (links.push(next) > mostLinks)
      throw new SeamError('INVALID_INPUT', `${path} is a circle of links.`, { remedy: 'Name a folder.' })
    const target = resolve(at, await readlink(next))
    todo = [...target.split(sep).filter(Boolean), ...todo]
    at = '/'
  }
  return { links, end: at, found: found ?? (await lstat('/')) }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw fromSystemError(error, `Looking at ${path}`)
  }
}

/** Whether a repository around a path, or at it, has it or something below it in its index. */
async function isTracked(path: string, environment: { readonly path?: string }): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((await lstatIfThere(join(folder, '.git'))) !== undefined && (await tracks(folder, path, environment)))
      return true
    if (folder === dirname(folder)) return false
  }
}

// The repository may be hostile: nothing that its configuration names is started.
const harmlessly = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'safe.directory=*'].flatMap((setting) => [
  '-c',
  setting,
])

async function tracks(folder: string, path: string, environment: { readonly path?: string }): Promise<boolean> {
  const args = ['--no-pager', '-C', folder, ...harmlessly, 'ls-files', '-z', '--', relative(folder, path) || '.']
  // Not this process's own environment: in a hook it would point git at another repository.
  const env = {
    PATH: environment.path ?? '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
  }
  const { code, stdout, stderr } = await runGit('/', args, { env })
  if (code === 0) return stdout !== ''
  // What git takes for no repository came out of none.
  if (/not a git repository/.test(stderr)) return false
  throw new SeamError('UNAVAILABLE', `git does not say whether it tracks ${path}: ${stderr.trim().slice(0, 500)}`, {
    remedy: `Look into the repository ${folder}, or name another folder with --data.`,
  })
}
