import { hasCode } from '@seamark/kit'
import type { RunView, UsageView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import { dollars, tokenText } from './budget-text.ts'
import { sumUsage } from './usage-sums.ts'
import { counted } from './words.ts'

/**
 * What the calls to models came to that were metered for a run, or for one item of it, whatever its program says of itself:
 * `8 calls, 21,735 tokens, $0.0171`. `undefined` where none was settled.
 */
export async function chargedText(
  client: Pick<SeamarkClient, 'usage'>,
  { run, submittedAt }: Pick<RunView, 'run' | 'submittedAt'>,
  item?: string,
): Promise<string | undefined> {
  const since = new Date(submittedAt).toISOString().slice(0, 10)
  const rows = client.usage({ by: item === undefined ? 'run' : 'item', run, since })
  try {
    const { calls, assumed, charged } = (await sumUsage(only(rows, item))).total
    if (calls === 0) return undefined
    const more = assumed === 0 ? '' : `, ${assumed} assumed`
    return `${counted(calls, 'call')}, ${tokenText(charged.tokens)}, ${dollars(charged.nanoUsd)}${more}`
  } catch (error) {
    // Who may read a run may not be one who may read what all of them came to.
    if (hasCode(error, 'FORBIDDEN')) return 'what calls to models came to is not yours to read'
    throw error
  }
}

async function* only(rows: AsyncIterable<UsageView>, item: string | undefined): AsyncGenerator<UsageView> {
  for await (const row of rows) if (item === undefined || row.item === item) yield row
}
