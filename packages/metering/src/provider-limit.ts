/** Statuses with which providers say that one asks too much, or that they have too much to do. */
const LIMITED = new Set([429, 503, 529])
/** Headers that say when a limit is over, or whether it is reached. */
const NAMES =
  /^(?:retry-after(?:-ms)?|anthropic-ratelimit-[a-z-]+-(?:reset|remaining)|x-ratelimit-(?:reset|remaining)-[a-z-]+|x-codex-(?:primary|secondary)-(?:reset-at|used-percent))$/
/** The longest limit of a provider is that of a week. */
const MOST_MS = 8 * 86_400_000
/** From here on a number of seconds is a date. */
const DATE_SECONDS = 1_000_000_000
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** What of an answer's head tells of a limit: nothing where it was not refused for one. Names in lower case. */
export function limitHeaders(
  status: number,
  headers: Iterable<readonly [name: string, value: string]>,
): Readonly<Record<string, string>> | undefined {
  if (!LIMITED.has(status)) return undefined
  const told = [...headers].filter(([name, value]) => NAMES.test(name) && value.length <= 100)
  return told.length === 0 ? undefined : Object.fromEntries(told)
}

/**
 * When a limit is over, in epoch milliseconds, by the headers of the answer that was refused for it: `retry-after` (RFC 9110, 10.2.3)
 * and `retry-after-ms`, otherwise the last of the resets of Anthropic, OpenAI and Codex, of limits that are reached where it is said which
 * are. `undefined` where none says it, or where it is past or more than 8 days away.
 */
export function limitedUntil(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const possible = (at: number | undefined): at is number =>
    at !== undefined && Number.isFinite(at) && at >= now && at <= now + MOST_MS
  const { 'retry-after-ms': ms, 'retry-after': again } = headers
  const asked = [
    ms === undefined ? undefined : now + numberIn(ms),
    again === undefined ? undefined : timeIn(again, now),
  ]
  const first = asked.find(possible)
  if (first !== undefined) return Math.ceil(first)
  const resets = Object.entries(headers)
    .map(([name, value]) => ({
      reached: isReached(name, headers),
      at: /reset/.test(name) ? timeIn(value, now) : undefined,
    }))
    .filter(({ at }) => possible(at))
  const reached = resets.filter((one) => one.reached)
  const times = (reached.length > 0 ? reached : resets).flatMap(({ at }) => at ?? [])
  return times.length === 0 ? undefined : Math.ceil(Math.max(...times))
}

/** Whether the limit of this reset has nothing left. */
function isReached(name: string, headers: Readonly<Record<string, string>>): boolean {
  const used = headers[name.replace(/reset-at$/, 'used-percent')]
  if (name.startsWith('x-codex-')) return numberIn(used) >= 100
  return numberIn(headers[name.replace('reset', 'remaining')]) === 0
}

function numberIn(text: string | undefined): number {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
}

/** A number of seconds, from now on or since 1970, a span such as `1m30s`, or a date. */
function timeIn(text: string, now: number): number | undefined {
  const seconds = numberIn(text)
  if (!Number.isNaN(seconds)) return seconds >= DATE_SECONDS ? seconds * 1_000 : now + seconds * 1_000
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)
    return [...parts].reduce((at, [, count, unit = '']) => at + Number(count) * (UNITS[unit] ?? 0), now)
  }
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : date
}
