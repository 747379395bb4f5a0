import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitHeaders } from '../src/index.ts'
import { limitedUntil } from '../src/provider-limit.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const SECOND = 1_000
const HOUR = 3_600 * SECOND
const iso = (ms: number): string => new Date(NOW + ms).toISOString()
const epochSeconds = (ms: number): string => String((NOW + ms) / 1_000)

describe('the end of a limit', () => {
  it.each<[string, Readonly<Record<string, string>>, number | undefined]>([
    ['retry-after in seconds', { 'retry-after': '3600' }, HOUR],
    ['retry-after as a date', { 'retry-after': new Date(NOW + HOUR).toUTCString() }, HOUR],
    ['retry-after-ms, which is more exact', { 'retry-after': '2', 'retry-after-ms': '1500' }, 1_500],
    ['retry-after of now', { 'retry-after': '0' }, 0],
    ['retry-after before resets', { 'retry-after': '5', 'anthropic-ratelimit-tokens-reset': iso(HOUR) }, 5 * SECOND],
    [
      'the last reset of Anthropic',
      { 'anthropic-ratelimit-requests-reset': iso(SECOND), 'anthropic-ratelimit-output-tokens-reset': iso(HOUR) },
      HOUR,
    ],
    [
      'the reset of the limit that is reached',
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': iso(SECOND),
        'anthropic-ratelimit-tokens-remaining': '7',
        'anthropic-ratelimit-tokens-reset': iso(HOUR),
      },
      SECOND,
    ],
    ['that of a subscription', { 'anthropic-ratelimit-unified-reset': epochSeconds(5 * HOUR) }, 5 * HOUR],
    [
      'spans of OpenAI',
      { 'x-ratelimit-reset-requests': '6ms', 'x-ratelimit-reset-tokens': '1h2m3.5s' },
      HOUR + 123.5 * SECOND,
    ],
    [
      'those of OpenAI that are reached',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '8.64s',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-tokens': '1h',
      },
      8_640,
    ],
    ['seconds of servers like it', { 'x-ratelimit-reset-requests': '30' }, 30 * SECOND],
    [
      'that of Codex which is reached',
      {
        'x-codex-primary-used-percent': '100',
        'x-codex-primary-reset-at': epochSeconds(HOUR),
        'x-codex-secondary-used-percent': '40',
        'x-codex-secondary-reset-at': epochSeconds(48 * HOUR),
      },
      HOUR,
    ],
    ['nothing, where nothing is said', {}, undefined],
    ['nothing, where only what is left is said', { 'x-ratelimit-remaining-tokens': '0' }, undefined],
    ['nothing of a time that is past', { 'anthropic-ratelimit-tokens-reset': iso(-SECOND) }, undefined],
    ['nothing of more than 8 days', { 'retry-after': String(9 * 86_400) }, undefined],
    ['the next, where the first makes no sense', { 'retry-after': 'soon', 'x-ratelimit-reset-tokens': '2s' }, 2_000],
  ])('is %s', (_, headers, after) => {
    expect(limitedUntil(headers, NOW)).toBe(after === undefined ? undefined : NOW + after)
  })

  it('is a whole number of milliseconds from now on and at most 8 days away, or nothing, whatever a host says', () => {
    const names = ['retry-after', 'retry-after-ms', 'anthropic-ratelimit-tokens-reset', 'x-ratelimit-reset-tokens']
    const values = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.stringMatching(/^(\d{1,30}(\.\d{1,9})?(ms|s|m|h|d)){1,4}$/),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), values), (headers) => {
        const until = limitedUntil(headers, NOW)
        if (until === undefined) return
        expect(Number.isSafeInteger(until)).toBe(true)
        expect(until).toBeGreaterThanOrEqual(NOW)
        expect(until).toBeLessThanOrEqual(NOW + 8 * 86_400_000)
      }),
    )
  })
})

describe('headers of a limit', () => {
  const told = [
    ['retry-after', '7'],
    ['anthropic-ratelimit-tokens-reset', 'then'],
    ['set-cookie', 'a=b'],
    ['x-ratelimit-reset-tokens', 'x'.repeat(101)],
  ] as const

  it('are what is said of limits, and nothing that is long', () => {
    const known = { 'retry-after': '7', 'anthropic-ratelimit-tokens-reset': 'then' }
    expect([429, 503, 529].map((status) => limitHeaders(status, told))).toEqual([known, known, known])
  })

  it.each([200, 400, 401, 500])('are none of an answer with %i', (status) => {
    expect(limitHeaders(status, told)).toBeUndefined()
  })
})
