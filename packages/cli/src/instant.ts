import { SeamError } from '@seamark/kit'

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A moment, epoch milliseconds: so long before `now` (`90s`, `30m`, `12h`, `7d`), the beginning of a day in UTC
 * (`2026-11-01`), or a time with its zone (`2026-11-01T08:30:00Z`). Errors: `INVALID_INPUT`.
 */
export function instant(option: string, text: string, now: number): number {
  const [, number, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  const before = Number(number) * (UNITS[unit] ?? Number.NaN)
  if (before > 0) return Math.max(0, now - before)
  const day = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text)?.[1]
  const at = day === undefined ? Number.NaN : Date.parse(text)
  // `Date.parse` takes 30 February for a day of March.
  const real = day !== undefined && new Date(Date.parse(day)).toJSON()?.startsWith(day) === true
  if (real && at >= 0) return at
  throw new SeamError('INVALID_INPUT', `${option} ${JSON.stringify(text.slice(0, 40))} is no time.`, {
    remedy: 'Write 30m, 12h or 7d, a day such as 2026-11-01, or a time such as 2026-11-01T08:30:00Z.',
  })
}
