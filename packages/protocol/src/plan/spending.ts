import type { ItemSpec, PlanBudget, SpendLimits } from '@seamark/core'
import type { Faults, Path } from './fault.ts'

/** The largest budget of money in US dollars: what can be counted in thousand-millionths of one without loss. */
export const MAX_USD = 9_000_000

/** US dollars in thousand-millionths. `undefined` for what is finer, below 0 or above `MAX_USD`. */
export function nanoUsdOf(usd: number): number | undefined {
  const nano = Math.round(usd * 1e9)
  // The nearest number to a decimal fraction of so many digits is the same either way.
  return usd >= 0 && usd <= MAX_USD && nano / 1e9 === usd ? nano : undefined
}

/** A budget as it is written, as the engine keeps it. `undefined` where its money can not be counted. */
export function spendLimits({ usd, tokens }: Pick<PlanBudget, 'usd' | 'tokens'>): SpendLimits | undefined {
  const nanoUsd = usd === undefined ? undefined : nanoUsdOf(usd)
  if (usd !== undefined && nanoUsd === undefined) return undefined
  return { ...(tokens !== undefined && { tokens }), ...(nanoUsd !== undefined && { nanoUsd }) }
}

/** What may be spent, where the budget says anything of it. */
export function budgetLimits(budget: PlanBudget | undefined, path: Path, faults: Faults): SpendLimits | undefined {
  if (budget?.usd === undefined && budget?.tokens === undefined) return undefined
  const limits = spendLimits(budget)
  if (limits === undefined)
    faults.add({
      code: 'INVALID_INPUT',
      message: 'The amount is finer than a thousand-millionth of a dollar.',
      remedy: 'Write at most nine digits after the point.',
      path: [...path, 'usd'],
    })
  return limits
}

/** What calls use is known only of those that a rule has counted: without one a budget would limit nothing. */
export function requireMeter(items: readonly Pick<ItemSpec, 'policy'>[], path: Path, faults: Faults): void {
  const counted = items.some(({ policy }) => policy?.policy.network?.allow?.some(({ meter }) => meter !== undefined))
  if (!counted)
    faults.add({
      code: 'INVALID_INPUT',
      message: 'Nothing would be counted against this budget: no rule of the network has a meter.',
      remedy: 'Give the rule of the model API a meter, or leave the budget out.',
      path,
      part: 'key',
    })
}
