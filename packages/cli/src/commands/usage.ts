import { SeamError } from '@seamark/kit'
import { usageBy } from '@seamark/protocol/wire'
import type { UsageView } from '@seamark/protocol/wire'
import { dollars, tokenText } from '../budget-text.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun } from '../find-run.ts'
import { harmless } from '../style.ts'
import type { UsageSum } from '../usage-sums.ts'
import { sumUsage } from '../usage-sums.ts'
import { counted } from '../words.ts'

const DAY_MS = 86_400_000

/** Of whom rows are kept only where an item names one, or a principal is in one. */
const WHOSE: Readonly<Record<UsageView['by'], string>> = {
  item: '',
  run: '',
  agent: 'of an agent ',
  principal: '',
  team: 'of a team ',
  model: '',
}

/** What usage is summed by. */
export const SUMMED_BY: readonly string[] = Object.keys(WHOSE)

export const usage: Command = command({
  name: 'usage',
  args: {
    by: { type: 'string', valueHint: 'WHAT', description: 'item, run, agent, principal, team or model. Default: run' },
    since: {
      type: 'string',
      valueHint: 'DAY',
      description: 'First day in UTC, such as 2026-11-01, or 7d. Default: 30d',
    },
    run: { type: 'string', valueHint: 'RUN', description: 'Only this run, or a beginning of its id, or last' },
  },
  examples: [
    { line: 'seamark usage --by model --since 7d', says: 'the last seven days, this one included' },
    { line: 'seamark usage --by item --run last --json', says: 'the items of the newest run, as data' },
  ],
  notes: [
    'A call counts on the day when it was settled. What is under way is not in it; see seamark status RUN.',
    'Assumed: calls that were charged the most they could cost, since their answer did not say what they used.',
    'A call counts for each team that its principal was in; so the teams have no total.',
    '--json gives { by, since, usage: [sums], total }, in thousand-millionths of a dollar.',
  ],
  run: (context, args) => {
    const by = byOf(args.by ?? 'run')
    const since = firstDay(args.since ?? '30d', Date.now())
    return withConnection(context, args, 'questions', async ({ client }) => {
      const { io } = context
      const run = args.run === undefined ? {} : { run: (await findRun(client, args.run)).run }
      const sums = await sumUsage(client.usage({ by, since, ...run }))
      // What is in several rows would be in it several times.
      const total = by === 'team' ? {} : { total: sums.total }
      if (args.json === true) await io.out(`${JSON.stringify({ by, since, usage: sums.usage, ...total })}\n`)
      else if (sums.usage.length === 0) await io.out(`No call ${WHOSE[by]}was metered since ${since} (UTC).\n`)
      else await io.out(`${io.style.dim(`by ${by}, since ${since} (UTC)`)}\n${table({ usage: sums.usage, ...total })}`)
      return 0
    })
  },
})

function byOf(text: string): UsageView['by'] {
  const by = usageBy.safeParse(text)
  if (by.success) return by.data
  throw new SeamError('INVALID_INPUT', `Usage is not kept by ${JSON.stringify(text.slice(0, 40))}.`, {
    remedy: 'Use item, run, agent, principal, team or model.',
  })
}

/** Errors: `INVALID_INPUT`. */
export function firstDay(text: string, now: number): string {
  const days = /^([1-9]\d{0,3})d$/.exec(text)?.[1]
  if (days !== undefined) return new Date(now - (Number(days) - 1) * DAY_MS).toISOString().slice(0, 10)
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (at >= 0 && new Date(at).toISOString().slice(0, 10) === text) return text
  throw new SeamError('INVALID_INPUT', `${JSON.stringify(text.slice(0, 40))} is no day.`, {
    remedy: 'Write a day such as 2026-11-01, or a number of days such as 7d.',
  })
}

function table({ usage: sums, total }: { readonly usage: readonly UsageSum[]; readonly total?: UsageSum }): string {
  const last = total === undefined ? [] : [['total', ...cells(total)]]
  const rows = [...sums.map((sum) => [nameOf(sum), ...cells(sum)]), ...last]
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows
    .map(([name = '', ...rest]) => {
      const [calls = '', tokens = '', cost = '', more = ''] = rest
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = widths
      return `${name.padEnd(w0)}  ${calls.padStart(w1)}  ${tokens.padStart(w2)}  ${cost.padStart(w3)}  ${more}`.trimEnd()
    })
    .join('\n')
    .concat('\n')
}

function nameOf({ run, item, agent, principal, team, provider, model }: UsageSum): string {
  if (model !== undefined) return harmless(provider === model ? model : `${provider}/${model}`)
  const named = agent ?? principal ?? team
  if (named !== undefined) return harmless(named)
  return item === undefined ? (run ?? '') : `${run}/${item}`
}

function cells({ calls, assumed, charged, excess }: UsageSum): string[] {
  const notes = [
    ...(assumed === 0 ? [] : [`${assumed} assumed`]),
    ...(excess.nanoUsd === 0 ? [] : [`${dollars(excess.nanoUsd)} beyond what was reserved`]),
  ]
  return [counted(calls, 'call'), tokenText(charged.tokens), dollars(charged.nanoUsd), notes.join(', ')]
}
