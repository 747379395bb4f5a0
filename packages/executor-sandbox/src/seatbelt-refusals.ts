import type { LaunchSpec, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { SYSTEM_FILES, SYSTEM_PROGRAMS } from './seatbelt-profile.ts'
import { canBeSaid } from './seatbelt-text.ts'

/** Read by libraries of the system before `sandbox-exec` has confined itself: some make files, some load code. */
const early = /^(?:DYLD_|LIBDISPATCH_|Malloc|OBJC_|XPC_|__)/

/** Places of the system that a mount may neither hold nor lie in. */
const system = [...SYSTEM_PROGRAMS, ...SYSTEM_FILES, '/System', '/dev']

/**
 * Refuses with `INVALID_INPUT` what a profile can not hold of a spec whose mounts are real paths; all that is wrong is in
 * `problems`. Pure.
 *
 * - A path that a profile can not name.
 * - A mount that holds the system, or lies in it.
 * - A read-only place in a writable mount: rules are about paths, and a folder above it can be renamed.
 * - A variable by which libraries act before there is a sandbox.
 */
export function checkHeld({ env, mounts }: Pick<LaunchSpec, 'env' | 'mounts'>, toolchain: readonly string[]): void {
  const problems: Problem[] = []
  const wrong = (pointer: string, message: string, remedy: string) =>
    void problems.push({ code: 'INVALID_INPUT', message, place: { pointer }, remedy })

  for (const name of Object.keys(env))
    if (early.test(name))
      wrong('/env', `The variable ${JSON.stringify(name)} is read before there is a sandbox.`, 'Leave it out.')
  const writable = mounts.filter(({ mode }) => mode === 'read-write').map(({ source }) => source)
  mounts.forEach(({ source, mode }, i) => {
    const at = `/mounts/${i}/source`
    if (!canBeSaid(source))
      wrong(at, 'A Seatbelt profile can not name the source.', 'Use a path without control characters.')
    if (system.some((place) => isBelow(place, source) || isBelow(source, place)))
      wrong(
        at,
        `A mount can not hold the system or lie in it: ${JSON.stringify(source)}.`,
        'Mount a folder of its own.',
      )
    if (mode === 'read-only' && writable.some((outer) => isBelow(source, outer)))
      wrong(
        at,
        `Seatbelt can not keep a folder in a writable mount read-only: ${JSON.stringify(source)}.`,
        'Mount it from elsewhere.',
      )
  })
  for (const place of toolchain)
    if (!canBeSaid(place) || writable.some((outer) => isBelow(place, outer)))
      wrong(
        '/mounts',
        `The toolchain can not be kept read-only: ${JSON.stringify(place)}.`,
        'Keep it out of writable mounts, at a path without control characters.',
      )

  const [first] = problems
  if (first !== undefined) throw new SeamError('INVALID_INPUT', first.message, { problems })
}

function isBelow(path: string, folder: string): boolean {
  return folder === '/' || `${folded(path)}/`.startsWith(`${folded(folder)}/`)
}

/** The usual file systems of macOS take names in any case and form for the same. */
function folded(path: string): string {
  return path.normalize('NFKD').toUpperCase().toLowerCase()
}
