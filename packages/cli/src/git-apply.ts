import { stat } from 'node:fs/promises'
import { fromSystemError, SeamError } from '@seamark/kit'
import { runGit } from './run-git.ts'

/**
 * Applies a patch to the working copy that a folder is in, all of it or nothing; commits nothing.
 * Errors: `NOT_FOUND`, `CONFLICT` naming the files where it does not fit, `UNAVAILABLE` without git.
 */
export async function applyPatch(dir: string, patch: Uint8Array): Promise<void> {
  const found = await stat(dir).catch((error: unknown) => {
    throw fromSystemError(error, `Looking at ${dir}`)
  })
  if (!found.isDirectory()) throw new SeamError('INVALID_INPUT', `${dir} is no folder.`)
  // From a subfolder git leaves out, without a word, what is outside of it.
  const top = await runGit(dir, ['rev-parse', '--show-toplevel'])
  if (top.code !== 0)
    throw new SeamError('NOT_FOUND', `${dir} is in no git working copy.`, { remedy: 'Name a folder of a clone.' })
  const root = top.stdout.replace(/\n$/, '')
  const checked = await runGit(root, ['apply', '--check', '--binary', '-'], { input: patch })
  if (checked.code !== 0) throw doesNotFit(root, checked.stderr)
  const applied = await runGit(root, ['apply', '--binary', '-'], { input: patch })
  if (applied.code !== 0) throw doesNotFit(root, applied.stderr)
}

function doesNotFit(root: string, stderr: string): SeamError {
  const files = new Set<string>()
  for (const line of stderr.split('\n')) {
    const file =
      /^error: (?:patch failed: (.+):\d+|(.+?): (?:patch does not apply|already exists|No such file|does not exist|does not match).*)$/.exec(
        line,
      )
    const name = file?.[1] ?? file?.[2]
    if (name !== undefined) files.add(name)
  }
  const named = files.size === 0 ? stderr.trim().slice(0, 500) : [...files].slice(0, 10).join(', ')
  return new SeamError('CONFLICT', `The patch does not fit the files in ${root}: ${named}. Nothing was changed.`, {
    remedy:
      'Check out the commit that the run worked on, apply it there and merge; or commit or undo your own changes first.',
  })
}
