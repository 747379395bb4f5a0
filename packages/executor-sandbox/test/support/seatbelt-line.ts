import { isSeamError } from '@seamark/kit'
import { mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sandboxExecutor } from '../../src/index.ts'
import { see } from './see.ts'

/** Takes the line of `sandbox-exec`, keeps the profile, and holds the program to nothing. */
export const standIn = `#!/bin/sh
[ "$1" = -p ] && [ "$3" = -- ] || exit 64
printf %s "$2" > "$0.profile"
shift 3
exec "$@"
`

const [rw, ro] = ['read-write', 'read-only'] as const

/** What came of a launch with the line for macOS. */
export interface LineReport {
  readonly end: Awaited<ReturnType<typeof see>>
  readonly profile: string
  /** Codes and places of what is refused of a launch that no profile can hold, and of one without its mount. */
  readonly refused: readonly (readonly [string, string | undefined])[]
  readonly node: string
}

/** Launches a program with the line for macOS; its workspace is mounted through a link. */
async function launch(dir: string): Promise<LineReport> {
  const sandboxExec = join(dir, 'sandbox-exec')
  writeFileSync(sandboxExec, standIn, { mode: 0o755 })
  mkdirSync(join(dir, 'real "workspace"'))
  symlinkSync(join(dir, 'real "workspace"'), join(dir, 'link'))
  const executor = sandboxExecutor({ dir: join(dir, 'data'), graceMs: 0, platform: 'darwin', sandboxExec })
  try {
    const end = await see(executor, 'echo "$PATH"; cat > seen; echo "$A" >&2; exit 7', {
      env: { PATH: '/usr/bin:/bin', A: 'a "b" c' },
      cwd: join(dir, 'link'),
      mounts: [{ source: join(dir, 'link'), target: join(dir, 'link'), mode: 'read-write' }],
      timeoutMs: 20_000,
    })
    const refusedOf = async (...sources: readonly string[]) => {
      const mounts = sources.map((path, i) => ({ source: path, target: path, mode: i === 0 ? rw : ro }))
      const error: unknown = await see(executor, 'echo ran', { mounts }).catch((thrown: unknown) => thrown)
      if (!isSeamError(error)) throw new Error('It was launched.')
      return error.problems.map(({ code, place }) => [code, place?.pointer] as const)
    }
    const inside = join(dir, 'real "workspace"', 'inside')
    mkdirSync(inside)
    const refused = [
      ...(await refusedOf(join(dir, 'link'), inside, '/usr/bin')),
      ...(await refusedOf(join(dir, 'nowhere'))),
    ]
    return {
      end,
      refused,
      profile: readFileSync(`${sandboxExec}.profile`, 'utf8'),
      node: realpathSync(process.execPath),
    }
  } finally {
    await executor.close?.()
  }
}

if (process.argv[2] === 'run') process.stdout.write(JSON.stringify(await launch(process.argv[3] ?? '')))
