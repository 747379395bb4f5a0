import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { firstBarrier, sandboxIdentity } from './identity.ts'

/** How the supervisor's process ends where another one has the data folder. */
export const EXIT_TAKEN = 3
/** How it ends after a failure, which it names on stderr. */
export const EXIT_FAILED = 70
/** How the line that makes ways ends where it may not: `unshare`'s own failure, ours, and no such program. */
export const EXITS_WITHOUT_WAYS: readonly number[] = [1, 4, 127]

/** A command line that starts a supervisor. */
export interface StartLine {
  readonly file: string
  readonly args: readonly string[]
}

// In the sources this file is run as it is, and so is the supervisor's.
const inSource = import.meta.url.endsWith('.ts')
const main = fileURLToPath(new URL(inSource ? './main.ts' : './main.js', import.meta.url))

/** The plain line: this Node, nothing inherited but the data folder's path. */
export function startLine(
  data: string,
  graceMs: number,
  ways: readonly { from: string; to: string }[] = [],
): StartLine {
  return {
    file: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      ...(inSource ? ['--conditions=source'] : []),
      main,
      data,
      '--grace-ms',
      String(graceMs),
      ...ways.flatMap(({ from, to }) => ['--way', `${from}\n${to}`]),
    ],
  }
}

/** Where a root supervisor makes closed folders reachable, in its own mount namespace only. */
const shortcuts = '/run/seamark'

/**
 * The line for a root service whose data folder or Node is behind a folder that the sandbox's user
 * can not pass, such as `/root`: the supervisor gets a mount namespace of its own, in which these two
 * are bound once to a path that can be walked. Nothing changes on the host, and the kernel removes
 * the mounts with the supervisor. `undefined` where that is not needed.
 */
export function startLineWithWays(data: string, graceMs: number): StartLine | undefined {
  const identity = sandboxIdentity()
  if (identity === undefined) return undefined
  const ways = [
    { from: data, to: `${shortcuts}/data` },
    { from: dirname(dirname(process.execPath)), to: `${shortcuts}/node` },
  ].filter(({ from }) => existsSync(from) && firstBarrier(from, identity) !== undefined)
  if (ways.length === 0) return undefined
  const { file, args } = startLine(data, graceMs, ways)
  const binds =
    'while [ "$1" != -- ]; do mkdir -p -m 755 "$2" && mount --bind "$1" "$2" || exit 4; shift 2; done; shift; exec "$@"'
  return {
    file: 'unshare',
    args: [
      ['--mount', '--propagation', 'slave', 'sh', '-c', binds, 'sh'],
      ...ways.map(({ from, to }) => [from, to]),
      ['--', file],
      args,
    ].flat(),
  }
}
