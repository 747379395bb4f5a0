import { fileURLToPath } from 'node:url'
import { sandboxIdentity } from './identity.ts'
import { barredFrom } from './ways.ts'

/** How the supervisor's process ends where another one has the data folder. */
export const EXIT_TAKEN = 3
/** How it ends after a failure, which it names on stderr. */
export const EXIT_FAILED = 70
/** How `unshare` ends where it may not make a mount namespace, and how it ends where there is no such program. */
export const EXITS_WITHOUT_WAYS: readonly number[] = [1, 127]

/** A command line that starts a supervisor. */
export interface StartLine {
  readonly file: string
  readonly args: readonly string[]
}

// In the sources this file is run as it is, and so is the supervisor's.
const inSource = import.meta.url.endsWith('.ts')
const main = fileURLToPath(new URL(inSource ? './main.ts' : './main.js', import.meta.url))

/** The plain line: this Node, nothing inherited but the data folder's path. */
export function startLine(data: string, graceMs: number): StartLine {
  return {
    file: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      ...(inSource ? ['--conditions=source'] : []),
      main,
      data,
      '--grace-ms',
      String(graceMs),
    ],
  }
}

/**
 * The line for a root service whose data folder or Node is behind a folder that the sandbox's user can
 * not pass: the supervisor gets a mount namespace of its own, in which it opens ways to them (see
 * `ways.ts`). `undefined` where that is not needed.
 */
export function startLineWithWays(data: string, graceMs: number): StartLine | undefined {
  const identity = sandboxIdentity()
  if (identity === undefined || barredFrom(data, identity).length === 0) return undefined
  const { file, args } = startLine(data, graceMs)
  return { file: 'unshare', args: ['--mount', '--propagation', 'slave', file, ...args, '--ways'] }
}
