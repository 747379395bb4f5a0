import type { RunView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import type { CliContext } from './command.ts'
import type { Connection } from './connect.ts'
import { logTail } from './log-tail.ts'
import type { ItemProgress } from './progress/model.ts'
import { setupFailure } from './setup-failure.ts'
import type { Style } from './style.ts'
import { harmless } from './style.ts'
import { counted, duration } from './words.ts'

const failuresShown = 5

/** The end of a run: how it ended, what failed with the last lines it wrote, and what to do next. */
export async function runSummary(
  { io }: CliContext,
  { client }: Connection,
  run: RunView,
  items: readonly ItemProgress[],
): Promise<string> {
  const { style } = io
  const { succeeded, failed, canceled, skipped } = run.settled
  const parts = [`${succeeded} of ${counted(run.items, 'item')} succeeded`]
  for (const [n, word] of [
    [failed, 'failed'],
    [canceled, 'canceled'],
    [skipped, 'skipped'],
  ] as const)
    if (n > 0) parts.push(`${n} ${word}`)
  const paint = run.status === 'succeeded' ? style.green : run.status === 'failed' ? style.red : style.yellow
  const time = run.sealedAt === undefined ? '' : ` in ${duration(run.sealedAt - run.submittedAt)}`
  const lines = [`${paint(`run ${run.status}`)}${time}: ${parts.join(', ')}`]
  const open = items.filter(({ isolation }) => isolation === 'none').length
  if (open > 0) lines.push(`  ${style.yellow('not isolated:')} ${counted(open, 'item')}`)
  const unready = items.find(({ phase, reason }) => phase === 'skipped' && reason === 'setup')
  if (unready !== undefined) lines.push(...(await setupFailure(client, run.run, unready.id, style)))
  const bad = items.filter(({ phase }) => phase === 'failed')
  for (const item of bad.slice(0, failuresShown)) lines.push(...(await failure(client, run.run, item, style)))
  if (bad.length > failuresShown)
    lines.push(style.dim(`  and ${bad.length - failuresShown} more: seamark status ${run.run}`))
  return `${lines.join('\n')}\n`
}

async function failure(
  client: SeamarkClient,
  run: string,
  { id, reason = 'no reason given', left }: ItemProgress,
  style: Style,
): Promise<string[]> {
  return [
    `  ${style.red('✗')} ${id}: ${harmless(reason)}${left === undefined ? '' : `, ${left}`}`,
    ...(await logTail(client, run, id, 'main', style)),
    style.dim(`    seamark logs ${run} ${id} --stderr`),
  ]
}
