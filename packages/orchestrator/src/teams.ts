import type { Principal } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { LIMITS } from '@seamark/log'

/**
 * The teams of a principal as its runs keep them: each once, sorted. Errors: `UNAUTHENTICATED` for a name that fits no record,
 * `LIMIT_EXCEEDED` for too many: to leave one out would spend past its budget.
 */
export function teamsOf({ teams = [] }: Principal): readonly string[] {
  const names = [...new Set(teams)].toSorted()
  if (names.length > LIMITS.teamsPerRun)
    throw new SeamError(
      'LIMIT_EXCEEDED',
      `The principal is a member of ${names.length} teams; a run has at most ${LIMITS.teamsPerRun}.`,
      { remedy: 'Let it be a member of fewer teams, or submit as another principal.' },
    )
  if (!names.every((name) => name.length > 0 && name.length <= 200 && name.isWellFormed()))
    throw new SeamError('UNAUTHENTICATED', 'A team of the principal has no name of 1 to 200 characters.')
  return names
}
