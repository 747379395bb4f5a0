import type { ExecutorGuarantees } from '@seamark/core'
import { fromSystemError, sha256Hex } from '@seamark/kit'
import { sandboxIdentity } from '@seamark/supervisor'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { FIRST } from './first.ts'
import { sandboxOptions, type SandboxRoot } from './arguments.ts'

/**
 * What sandboxes are made with: bubblewrap's version and file, and a digest over all that goes into its line but an item's
 * own, over the filters of system calls, the first process and how limits hold. Errors: `UNAVAILABLE`.
 */
export async function basisOf(
  root: SandboxRoot,
  { limits }: ExecutorGuarantees,
): Promise<Readonly<Record<string, string>>> {
  const spec = { argv: [], env: { PATH: '/bin' }, cwd: '/', mounts: [] }
  const { bubblewrap, binds, filter, watchedFilter, first } = root
  const digestOf = (path: string | undefined) => (path === undefined ? 'none' : sha256Hex(readFileSync(path)))
  const files = [digestOf(filter), digestOf(watchedFilter), digestOf(first)]
  // The sandbox's own `/etc` and its first process lie in the data folder: what is in them is decided by this package.
  const shown = { ...root, first: FIRST, binds: binds.filter(({ target }) => target !== '/etc') }
  const line = sandboxOptions(spec, shown)
  return {
    engine: await versionOf(bubblewrap),
    program: `${bubblewrap} ${sha256Hex(readFileSync(bubblewrap))}`,
    configuration: sha256Hex(JSON.stringify([line, ...files, limits, sandboxIdentity() ?? 'own'])),
  }
}

async function versionOf(bubblewrap: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(bubblewrap, ['--version'], { cwd: '/', env: {}, timeout: 10_000 })
    return stdout.trim().slice(0, 100)
  } catch (error) {
    throw fromSystemError(error, `${bubblewrap} does not say its version`)
  }
}
