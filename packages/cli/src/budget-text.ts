import type { SpentBudget, UsageAmount } from '@seamark/core'
import type { BudgetView } from '@seamark/protocol'
import { harmless } from './style.ts'

/** `$12.34`, and below a dollar `$0.0123`. */
export function dollars(nanoUsd: number): string {
  if (nanoUsd > 0 && nanoUsd < 50_000) return 'less than $0.0001'
  return `$${(nanoUsd / 1e9).toFixed(nanoUsd === 0 || nanoUsd >= 1e9 ? 2 : 4)}`
}

/** `1,234 tokens`. */
export function tokenText(tokens: number): string {
  return `${tokens.toLocaleString('en-US')} tokens`
}

/** `run`, `item lint`, `agent reviewer`, `principal local:1000`, `team web`, `day 2026-11-22`. */
export function accountText(account: string): string {
  const kind = account.slice(0, account.indexOf(':'))
  const id = account.slice(kind.length + 1)
  if (kind === 'run') return 'run'
  return harmless(`${kind} ${kind === 'item' ? id.slice(id.indexOf('/') + 1) : id}`)
}

function amountText(of: keyof UsageAmount, amount: number): string {
  return of === 'nanoUsd' ? dollars(amount) : tokenText(amount)
}

/** `budget of the run: $4.10 of $5.00 spent`, for each of its limits. */
export function budgetLines({ account, limits, settled, reserved, warned }: BudgetView): string[] {
  return (['nanoUsd', 'tokens'] as const).flatMap((of) => {
    const limit = limits[of]
    if (limit === undefined) return []
    const underWay = reserved[of] === 0 ? '' : `, ${amountText(of, reserved[of])} reserved`
    const almost = warned.includes(of) ? ', 80 % are spent' : ''
    return [
      `budget of the ${accountText(account)}: ${amountText(of, settled[of])} of ${amountText(of, limit)}${underWay}${almost}`,
    ]
  })
}

/** `budget of the run: 80 % of $5.00 are spent`. */
export function warningText({
  account,
  of,
  limit,
}: {
  readonly account: string
  readonly of: string
  readonly limit: number
}): string {
  return `budget of the ${accountText(account)}: 80 % of ${amountText(of === 'nanoUsd' ? 'nanoUsd' : 'tokens', limit)} are spent`
}

/**
 * What an item waits for and what to do, in one line. The token names the wait, so that no other one is approved; no
 * `resumeAt` means that it does not end by itself.
 */
export function spentText(
  { account, of, room, wanted }: SpentBudget,
  run: string,
  item: string,
  { token, resumeAt }: { readonly token?: string | undefined; readonly resumeAt?: number | undefined } = {},
): string {
  const call = wanted === undefined ? 'its next call' : `a call that may come to ${amountText(of, wanted)}`
  const what = `${item} waits: the budget of the ${accountText(account)} has ${amountText(of, room)} left for ${call}.`
  const wait = token === undefined ? '' : ` --wait ${token}`
  if (/^(?:item|run):/.test(account))
    return `${what} To go on: seamark approve ${item} --run ${run} ${of === 'nanoUsd' ? '--usd' : '--tokens'} N${wait}`
  const kind = account.slice(0, account.indexOf(':'))
  const day = kind === 'day'
  const or = resumeAt !== undefined ? ', or wait for the next day (UTC)' : day ? ': no day has room for that call' : ''
  const named = kind === 'agent' || kind === 'team'
  const budget = named ? harmless(`${kind}s.${account.slice(kind.length + 1)}.budget`) : `budgets.${kind}`
  return `${what} To go on: raise ${budget} in the configuration and start the service again${or}`
}
