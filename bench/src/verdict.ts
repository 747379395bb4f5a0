import type { Bound, Line, Scale } from './line.ts'

/** Durable commits of one row per second that a quiet machine makes. */
export const QUIET_COMMITS = 15_000

export interface Verdict {
  readonly status: 'ok' | 'over' | 'not judged' | 'info'
  readonly reason?: string
}

/** The circumstances of a run. */
export interface Conditions {
  readonly scale: Scale
  /** Durable commits of one row per second, before and after. */
  readonly commits: { readonly before: number; readonly after: number }
}

/**
 * Judges a line. On a busy machine a time that is over its bound is not judged, and one within it is `ok`: a quiet machine would only be
 * quicker.
 */
export function judge(line: Line, conditions: Conditions): Verdict {
  if (line.failed !== undefined) return { status: 'over', reason: line.failed }
  if (line.skipped !== undefined) return { status: 'not judged', reason: line.skipped }
  const { bounds = [] } = line
  if (bounds.length === 0) return { status: 'info' }
  const broken = bounds.filter((bound) => !holds(bound, line))
  if (broken.some((bound) => notJudged(bound, conditions) === undefined)) return { status: 'over' }
  // What is small says nothing of what is large, even where it holds.
  const open = conditions.scale === 'quick' ? bounds : broken
  const [reason] = open.flatMap((bound) => notJudged(bound, conditions) ?? [])
  return reason === undefined ? { status: 'ok' } : { status: 'not judged', reason }
}

/** Measured by baseline. */
export function ratioOf({ measured, baseline, ratio }: Line): number | undefined {
  if (ratio !== undefined) return ratio
  return measured === undefined || baseline === undefined ? undefined : measured.value / baseline.value
}

function notJudged({ kind }: Bound, { scale, commits }: Conditions): string | undefined {
  if (kind === 'ratio' || kind === 'count') return undefined
  if (scale === 'quick') return 'quick: ratios only'
  if (kind === 'size') return undefined
  const least = Math.min(commits.before, commits.after)
  if (least >= QUIET_COMMITS) return undefined
  return `the machine is busy (C = ${Math.round(least).toLocaleString('en-US')})`
}

// A number that is not there does not hold.
function holds({ on, is, limit }: Bound, line: Line): boolean {
  const value = (on === 'ratio' ? ratioOf(line) : line.measured?.value) ?? Number.NaN
  if (is === '≥') return value >= limit
  return is === '<' ? value < limit : value <= limit
}
