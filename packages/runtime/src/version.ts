/** Versions of the agent's program that are known to work. */
export interface VersionRange {
  /** The first of them, such as `0.16.0`. */
  readonly from: string
  /** The first that is not any more. Absent: all later ones. */
  readonly below?: string
}

/**
 * Whether a version is in a range: by its first three numbers, in whatever text they stand first, and a pre-release of the first is
 * before it. One that can not be read is not.
 */
export function inRange(version: string | undefined, { from, below }: VersionRange): boolean {
  const [is, first] = [numbers(version), numbers(from)]
  if (is === undefined || first === undefined) return false
  const order = compare(is, first)
  if (order < 0 || (order === 0 && isPrerelease(version) && !isPrerelease(from))) return false
  if (below === undefined) return true
  const end = numbers(below)
  return end !== undefined && compare(is, end) < 0
}

function numbers(version: string | undefined): readonly number[] | undefined {
  const found = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?/.exec(version ?? '')
  return found === null ? undefined : found.slice(1).map((part) => Number(part ?? 0))
}

const isPrerelease = (version = ''): boolean => /^v?[\d.]+-/.test(version)

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, number] of a.entries()) {
    const difference = number - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
