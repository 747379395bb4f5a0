import { SeamError } from '@seamark/kit'

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds of `90s`, `30m` or `12h`; at most 500 h. Errors: `INVALID_INPUT`. */
export function timeSpan(option: string, text: string): number {
  const [, number, unit = ''] = /^([1-9]\d{0,6})([smh])$/.exec(text) ?? []
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN)
  if (ms <= 500 * 3_600_000) return ms
  throw new SeamError(
    'INVALID_INPUT',
    `${option} ${JSON.stringify(text.slice(0, 40))} is no length of time up to 500h.`,
    {
      remedy: 'Write 90s, 30m or 12h.',
    },
  )
}
