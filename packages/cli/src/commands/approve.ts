import { SeamError } from '@seamark/kit'
import { nanoUsdOf } from '@seamark/protocol'
import type { ApproveBody } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN_OF_ITEM } from '../find-run.ts'
import { harmless } from '../style.ts'

export const approve: Command = command({
  name: 'approve',
  args: {
    item: { type: 'positional', required: true, description: 'Item of a run' },
    run: RUN_OF_ITEM,
    usd: { type: 'string', valueHint: 'N', description: 'By how many US dollars, such as 2.50' },
    tokens: { type: 'string', valueHint: 'N', description: 'By how many tokens' },
    wait: {
      type: 'string',
      valueHint: 'TOKEN',
      description: 'Only this wait, as status names it. Default: the present',
    },
  },
  examples: [
    { line: 'seamark approve lint --usd 2.50', says: 'the item lint of the newest run, and the run' },
    { line: 'seamark approve guide --run 019a', says: 'let it try again: the budget was raised for another item' },
  ],
  notes: [
    'Only budgets that the plan has are raised: both that of the item and that of the run, by the amount.',
    'Budgets of agents, principals, teams and days are raised in the configuration; what waits for one goes on at the next start.',
    'A wait is approved once: with --wait what is sent again is refused, and so is what was meant for an earlier wait.',
    'The answer names the wait that was approved; --json gives { run, item, wait, approved }.',
  ],
  run: (context, args) => {
    const more = amountOf(args)
    return withConnection(context, args, 'running', async ({ client }) => {
      const { run } = await findRun(client, args.run ?? 'last')
      const { item } = args
      const wait = args.wait ?? (await presentWait(client, run, item))
      await client.approve(run, item, wait, more)
      if (args.json === true) await context.io.out(`${JSON.stringify({ run, item, wait, approved: true })}\n`)
      else await context.io.out(`Item ${item} of run ${run} may go on from its wait ${harmless(wait)}.\n`)
      return 0
    })
  },
})

/** Errors: `CONFLICT` where the item waits for no budget. */
async function presentWait(client: SeamarkClient, run: string, item: string): Promise<string> {
  const { waiting } = await client.item(run, item)
  if (waiting?.for === 'parked' && waiting.reason === 'budget') return waiting.token
  throw new SeamError('CONFLICT', `Item ${item} of run ${run} does not wait for a budget.`, {
    remedy: 'See `seamark status` for what it waits for.',
  })
}

/** Errors: `INVALID_INPUT` for what is no amount. */
function amountOf({
  usd,
  tokens,
}: {
  readonly usd?: string | undefined
  readonly tokens?: string | undefined
}): Omit<ApproveBody, 'token'> {
  const dollars = usd !== undefined && /^\d{1,7}(?:\.\d{1,9})?$/.test(usd) ? Number(usd) : undefined
  if (usd !== undefined && (dollars === undefined || nanoUsdOf(dollars) === undefined))
    throw new SeamError('INVALID_INPUT', '--usd takes an amount in US dollars, such as 2.50.')
  const count = tokens !== undefined && /^\d{1,15}$/.test(tokens) ? Number(tokens) : undefined
  if (tokens !== undefined && count === undefined)
    throw new SeamError('INVALID_INPUT', '--tokens takes a whole number, such as 500000.')
  return { ...(dollars !== undefined && { usd: dollars }), ...(count !== undefined && { tokens: count }) }
}
