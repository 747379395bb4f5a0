import type { DatedPrice, PricedModel, TokenRates } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { z } from 'zod'
import { PROVIDERS } from './call.ts'
import type { Provider } from './call.ts'
import published from './prices.json' with { type: 'json' }

/** The price of a model that holds at some time. */
export interface ModelPrice extends DatedPrice {
  readonly contextTokens?: number
}

export interface PriceQuestion {
  readonly provider: Provider
  /** As a request names it. */
  readonly model: string
  readonly location?: string
  /** Epoch milliseconds. */
  readonly at: number
}

export interface PriceTable {
  readonly models: readonly PricedModel[]
  /** The price that holds then, or `undefined` where none is known. */
  find(question: PriceQuestion): ModelPrice | undefined
}

const rate = z.int().min(0).max(1_000_000_000)

const ratesSchema: z.ZodType<TokenRates> = z.strictObject({
  input: rate,
  output: rate,
  cacheRead: rate.exactOptional(),
  cacheWrite5m: rate.exactOptional(),
  cacheWrite1h: rate.exactOptional(),
})

const priceSchema: z.ZodType<DatedPrice> = z.strictObject({
  from: z.iso.date(),
  source: z.url(),
  nanoUsdPerToken: ratesSchema,
  above: z.strictObject({ inputTokens: z.int().min(1), nanoUsdPerToken: ratesSchema }).exactOptional(),
})

const name = z.string().min(1).max(512)

const modelSchema: z.ZodType<PricedModel> = z.strictObject({
  provider: z.enum(PROVIDERS),
  model: name,
  aliases: z.array(name).exactOptional(),
  dated: z.boolean().exactOptional(),
  locations: z.array(name).min(1).exactOptional(),
  contextTokens: z.int().min(1).exactOptional(),
  prices: z.array(priceSchema).min(1),
})

const tableSchema: z.ZodType<{ readonly models: readonly PricedModel[] }> = z.strictObject({
  version: z.literal(1),
  models: z.array(modelSchema),
})

/** What vendors put behind a model's name for one version of it. */
const DATED = /(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2})$/

function priceAt(model: PricedModel, at: number): ModelPrice | undefined {
  const price = model.prices
    .filter(({ from }) => Date.parse(from) <= at)
    .toSorted((a, b) => a.from.localeCompare(b.from))
    .at(-1)
  if (price === undefined) return undefined
  return { ...price, ...(model.contextTokens !== undefined && { contextTokens: model.contextTokens }) }
}

/**
 * A table of prices from data in the form of `prices.json`. Of two models with one name, the first is taken, so that a
 * deployment's own prices come first: `priceTable({ version: 1, models: [...own, ...publishedPrices().models] })`.
 * Errors: `INVALID_INPUT`.
 */
export function priceTable(data: unknown): PriceTable {
  const parsed = tableSchema.safeParse(data)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const pointer = (issue?.path ?? []).map((step) => `/${String(step)}`).join('')
    throw new SeamError('INVALID_INPUT', `The price table is not valid at ${pointer}: ${issue?.message ?? ''}.`, {
      place: { pointer },
    })
  }
  const { models } = parsed.data
  return {
    models,
    find({ provider, model, location, at }) {
      const bare = model.replace(DATED, '')
      const found = models.find(
        (entry) =>
          entry.provider === provider &&
          (entry.locations === undefined || (location !== undefined && entry.locations.includes(location))) &&
          (entry.model === model ||
            entry.aliases?.includes(model) === true ||
            (entry.dated === true && entry.model === bare)),
      )
      return found === undefined ? undefined : priceAt(found, at)
    },
  }
}

/** The prices that vendors publish, as far as they were confirmed on the page that each entry names. */
export function publishedPrices(): PriceTable {
  return priceTable(published)
}
