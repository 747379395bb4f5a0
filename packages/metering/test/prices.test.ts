import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountOf, costOf, NO_TOKENS, priceTable, publishedPrices, worstCase } from '../src/index.ts'
import type { ModelCall, ModelPrice, Tokens } from '../src/index.ts'
import { callOf } from './support.ts'

const table = publishedPrices()
const NOW = Date.UTC(2026, 10, 22)

const find = (provider: 'anthropic' | 'openai' | 'vertex', model: string, at = NOW): ModelPrice | undefined =>
  table.find({ provider, model, at })

function price(model: string): ModelPrice {
  const found = find('anthropic', model)
  if (found === undefined) throw new Error(`no price of ${model}`)
  return found
}

describe('the published prices', () => {
  test('name a page of their vendor, or of the model’s, for every price, and no name twice', () => {
    const names = table.models.flatMap(({ provider, model, aliases = [], locations = [''] }) =>
      [model, ...aliases].flatMap((name) => locations.map((location) => `${provider} ${name} ${location}`)),
    )
    expect(new Set(names).size).toBe(names.length)
    const pages = {
      anthropic: 'https://platform.claude.com/docs/',
      openai: 'https://developers.openai.com/',
      // It says what regions cost more there.
      bedrock: 'https://platform.claude.com/docs/en/about-claude/pricing',
      vertex: 'https://platform.claude.com/docs/en/about-claude/pricing',
    }
    for (const { provider, prices } of table.models)
      for (const { source } of prices) expect(source.startsWith(pages[provider])).toBe(true)
  })

  test('find a model under its name, its dated names and its aliases, and under no other', () => {
    for (const name of ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'])
      expect(find('anthropic', name)?.nanoUsdPerToken).toMatchObject({ input: 3000, output: 15_000 })
    expect(find('openai', 'gpt-5-mini-2025-08-07')?.nanoUsdPerToken).toEqual({
      input: 250,
      output: 2000,
      cacheRead: 25,
    })
    for (const name of [
      'claude-sonnet-4-5-latest',
      'claude-sonnet-4',
      'claude-sonnet-4-5-2025',
      'Claude-Sonnet-4-5',
      '',
    ])
      expect(find('anthropic', name)).toBeUndefined()
    expect(find('openai', 'gpt-5-mini-2030-01-01')).toBeUndefined()
    expect(find('openai', 'claude-sonnet-4-5')).toBeUndefined()
  })

  test('are a tenth higher on Bedrock and Vertex AI where a region is chosen', () => {
    const input = (provider: 'bedrock' | 'vertex', model: string, location?: string) =>
      table.find({ provider, model, at: NOW, ...(location !== undefined && { location }) })?.nanoUsdPerToken.input
    const id = 'anthropic.claude-sonnet-4-5-20250929-v1:0'
    expect(input('bedrock', `global.${id}`)).toBe(3_000)
    for (const prefix of ['', 'us.', 'eu.', 'jp.', 'au.']) expect(input('bedrock', prefix + id)).toBe(3_300)
    expect(input('bedrock', 'claude-sonnet-4-5')).toBeUndefined()
    for (const name of ['claude-sonnet-4-5', 'claude-sonnet-4-5@20250929']) {
      expect(input('vertex', name, 'global')).toBe(3_000)
      expect([input('vertex', name, 'europe-west1'), input('vertex', name)]).toEqual([3_300, 3_300])
    }
    // Every one is what the vendor of the model has, or a tenth more.
    for (const { provider, model, prices } of table.models) {
      const [, name = ''] = /(claude-[a-z]+-\d-\d)/.exec(model) ?? []
      const own = table.models.find((one) => one.provider === 'anthropic' && one.model === name)
      if (provider !== 'bedrock' && provider !== 'vertex') continue
      const [found, wanted] = [prices[0], own?.prices[0]].map((one) => one?.nanoUsdPerToken.output)
      expect([(wanted ?? 0) * 10, (wanted ?? 0) * 11]).toContain((found ?? 0) * 10)
    }
  })

  test('have none before their first day', () => {
    expect(find('anthropic', 'claude-sonnet-4-5', Date.UTC(2025, 8, 28, 23, 59))).toBeUndefined()
    expect(find('anthropic', 'claude-sonnet-4-5', Date.UTC(2025, 8, 29))).toBeDefined()
  })
})

describe('a table', () => {
  const entry = (from: string, input: number): unknown => ({
    from,
    source: 'https://x.example/',
    nanoUsdPerToken: { input, output: 1 },
  })
  const model = (more: object): unknown => ({
    provider: 'vertex',
    model: 'm',
    prices: [entry('2026-01-01', 1)],
    ...more,
  })

  test('takes the latest price that has begun, in whatever order they are', () => {
    const prices = [entry('2026-03-01', 3), entry('2026-01-01', 1), entry('2026-02-01', 2)]
    const own = priceTable({ version: 1, models: [model({ prices })] })
    const at = (month: number): number | undefined =>
      own.find({ provider: 'vertex', model: 'm', at: Date.UTC(2026, month, 1) })?.nanoUsdPerToken.input
    expect([-1, 0, 1, 2, 9].map(at)).toEqual([undefined, 1, 2, 3, 3])
  })

  test('takes the first of two models, and a price for a location only there', () => {
    const models = [model({ locations: ['global'] }), model({ prices: [entry('2026-01-01', 7)] })]
    const own = priceTable({ version: 1, models })
    const input = (location?: string): number | undefined =>
      own.find({ provider: 'vertex', model: 'm', at: NOW, ...(location !== undefined && { location }) })
        ?.nanoUsdPerToken.input
    expect([input('global'), input('us-east5'), input()]).toEqual([1, 7, 7])
  })

  test.each([
    { version: 2, models: [] },
    { version: 1, models: [{}] },
    { version: 1, models: [model({ prices: [] })] },
    { version: 1, models: [model({ prices: [entry('2026-02-30', 1)] })] },
    { version: 1, models: [model({ prices: [entry('2026-01-01', 0.5)] })] },
    { version: 1, models: [model({ prices: [entry('2026-01-01', -1)] })] },
    { version: 1, models: [model({ price: 1 })] },
  ])('is refused where it is not valid: %#', (data) => {
    expect(() => priceTable(data)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('the cost', () => {
  const tokens = (some: Partial<Tokens>): Tokens => ({ ...NO_TOKENS, ...some })

  test('is the sum of each kind at its price; reasoning is in the output', () => {
    const used = tokens({
      input: 1,
      output: 10,
      cacheRead: 100,
      cacheWrite5m: 1000,
      cacheWrite1h: 10_000,
      reasoning: 10,
    })
    expect(costOf(used, price('claude-opus-4-5'))).toBe(5000 + 250_000 + 50_000 + 6_250_000 + 100_000_000)
  })

  test('is what another program computes for the same answer', () => {
    // Claude Code 2.1 says 0.0285 dollars for the vector `anthropic-stream-totals` with this model.
    const used = tokens({ input: 25, output: 210, cacheRead: 20_000, cacheWrite5m: 500, cacheWrite1h: 1000 })
    expect(costOf(used, price('claude-opus-4-8'))).toBe(28_500_000)
  })

  test('of a long input is higher for all its tokens', () => {
    const haiku = price('claude-haiku-5-5')
    expect(costOf(tokens({ input: 100_000, output: 1 }), haiku)).toBe(100_000 * 100 + 500)
    expect(costOf(tokens({ input: 99_999, cacheRead: 2, output: 1 }), haiku)).toBe(99_999 * 500 + 2 * 50 + 2500)
  })

  test('is not known where a kind that was used has no price', () => {
    const gpt = find('openai', 'gpt-5-nano')
    expect(amountOf(tokens({ input: 1, cacheWrite5m: 1 }), gpt)).toBeUndefined()
    expect(amountOf(tokens({ input: 1 }), undefined)).toBeUndefined()
    expect(amountOf(tokens({ input: 1, output: 2 }), gpt)).toEqual({ tokens: 3, nanoUsd: 850 })
  })

  test('beyond what is exact is refused', () => {
    expect(() =>
      costOf(tokens({ output: 1_000_000_000 }), {
        ...price('claude-opus-4-5'),
        nanoUsdPerToken: { input: 1, output: 1_000_000_000 },
      }),
    ).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

describe('the worst case', () => {
  const call = (more: Partial<ModelCall>): ModelCall => ({
    ...callOf('api.anthropic.com', '/v1/messages', { model: 'claude-haiku-5-5', max_tokens: 1, messages: [] }),
    ...more,
  })

  test('is no less than any usage that keeps its bounds, at any model of the table', () => {
    const model = fc.constantFrom(...table.models)
    const lives = fc.constantFrom<ModelCall['cacheWrite']>('none', '5m', '1h')
    fc.assert(
      fc.property(
        model,
        lives,
        fc.nat(300_000),
        fc.nat(100_000),
        fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
        (entry, cacheWrite, size, most, parts) => {
          const found = table.find({ provider: entry.provider, model: entry.model, at: NOW })
          if (found === undefined) throw new Error(entry.model)
          const bound = Math.min(size, found.contextTokens ?? size)
          const [a = 0, b = 0, c = 0, d = 0, out = 0] = parts
          const input = a % (bound + 1)
          const cacheRead = b % (bound - input + 1)
          const hasWrites = found.nanoUsdPerToken.cacheWrite5m !== undefined
          const cacheWrite5m = cacheWrite === 'none' || !hasWrites ? 0 : c % (bound - input - cacheRead + 1)
          const cacheWrite1h =
            cacheWrite !== '1h' || !hasWrites ? 0 : d % (bound - input - cacheRead - cacheWrite5m + 1)
          const hasReads = found.nanoUsdPerToken.cacheRead !== undefined
          const used = tokensOf({
            input,
            cacheRead: hasReads ? cacheRead : 0,
            cacheWrite5m,
            cacheWrite1h,
            output: out % (most + 1),
          })
          const worst = worstCase(call({ inputTokens: size, maxOutputTokens: most, cacheWrite }), found)
          const amount = amountOf(used, found)
          expect(amount?.nanoUsd).toBeLessThanOrEqual(worst.nanoUsd ?? -1)
          expect(amount?.tokens).toBeLessThanOrEqual(worst.tokens ?? -1)
        },
      ),
      { numRuns: 1000 },
    )
  })

  const tokensOf = (some: Partial<Tokens>): Tokens => ({ ...NO_TOKENS, ...some })

  test('of content that is elsewhere is the context of the model, and unknown without it', () => {
    const { inputTokens: _, ...elsewhere } = call({ maxOutputTokens: 10 })
    expect(worstCase(elsewhere, price('claude-haiku-5-5'))).toEqual({
      tokens: 1_000_010,
      nanoUsd: 500_000_000 + 25_000,
    })
    const { contextTokens: __, ...bare } = price('claude-haiku-5-5')
    expect(worstCase(elsewhere, bare)).toEqual({})
    expect(worstCase(elsewhere, undefined)).toEqual({})
  })

  test('has no money without a price, and no bound where the call can cost more than tokens', () => {
    expect(worstCase(call({ inputTokens: 5, maxOutputTokens: 10 }), undefined)).toEqual({ tokens: 15 })
    expect(worstCase(call({ unbounded: ['/speed'] }), price('claude-haiku-5-5'))).toEqual({})
  })
})
