import { hasCode } from '@seamark/kit'
import type { RunView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import type { CliContext } from './command.ts'
import type { Connection } from './connect.ts'
import type { ItemProgress } from './progress/model.ts'
import type { Style } from './style.ts'
import { harmless, harmlessOutput } from './style.ts'
import { counted, duration } from './words.ts'

const failuresShown = 5
const tailBytes = 2_000
const tailLines = 8
// Of an item that wrote more, the end is not looked for.
const mostBytes = 8 * 1024 * 1024

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
  const bad = items.filter(({ phase }) => phase === 'failed')
  for (const item of bad.slice(0, failuresShown)) lines.push(...(await failure(client, run.run, item, style)))
  if (bad.length > failuresShown)
    lines.push(style.dim(`  and ${bad.length - failuresShown} more: seamark status ${run.run}`))
  return `${lines.join('\n')}\n`
}

async function failure(
  client: SeamarkClient,
  run: string,
  { id, reason = 'no reason given' }: ItemProgress,
  style: Style,
): Promise<string[]> {
  const text = (await lastBytes(client, run, id)).trimEnd().split('\n').slice(-tailLines)
  return [
    `  ${style.red('✗')} ${id}: ${harmless(reason)}`,
    ...text.filter((line) => line !== '').map((line) => style.dim(`    ${harmlessOutput(line).replaceAll('\r', ' ')}`)),
    style.dim(`    seamark logs ${run} ${id} --stderr`),
  ]
}

/** The end of what an item wrote to standard error; nothing where nothing was kept. */
async function lastBytes(client: SeamarkClient, run: string, item: string): Promise<string> {
  let tail: Buffer = Buffer.alloc(0)
  let seen = 0
  try {
    for await (const chunk of client.logs(run, item, { stream: 'stderr' })) {
      tail = Buffer.concat([tail, chunk]).subarray(-tailBytes)
      seen += chunk.byteLength
      if (seen > mostBytes) return ''
    }
  } catch (error) {
    // An attempt that never started has written nothing.
    if (!hasCode(error, 'NOT_FOUND')) throw error
  }
  return tail.toString('utf8')
}
