import { PLAN_LIMITS } from './limits.ts'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `90s`, `20m`, `2h`, `1d`: a whole number above 0 and a unit, at most 365 days. */
export const DURATION: RegExp = /^[1-9][0-9]{0,11}(?:ms|s|m|h|d)$/

/** Milliseconds of a duration, or `undefined` for what is none or is over the limit. */
export function durationMs(text: string): number | undefined {
  const found = /^([1-9][0-9]{0,11})(ms|s|m|h|d)$/.exec(text)
  const unit = units[found?.[2] ?? '']
  if (found === null || unit === undefined) return undefined
  const ms = Number(found[1]) * unit
  return ms <= PLAN_LIMITS.durationMs ? ms : undefined
}
