import type { ItemView, RunView } from '@seamark/protocol'
import type { CliContext } from './command.ts'
import type { Connection } from './connect.ts'
import { harmless } from './style.ts'
import { counted, duration } from './words.ts'

const failuresShown = 5
const tailBytes = 2_000
const tailLines = 8

/** The end of a run: how it ended, what failed with the last lines it wrote, and what to do next. */
export async function runSummary({ io }: CliContext, { client }: Connection, run: RunView): Promise<string> {
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
  if (failed > 0) {
    const shown: ItemView[] = []
    for await (const item of client.items(run.run, { status: 'failed' })) {
      if (shown.push(item) === failuresShown) break
    }
    for (const item of shown) lines.push(...(await failure(client, item, style)))
    if (failed > shown.length) lines.push(style.dim(`  and ${failed - shown.length} more: seamark status ${run.run}`))
  }
  return `${lines.join('\n')}\n`
}

async function failure(
  client: Connection['client'],
  item: ItemView,
  style: CliContext['io']['style'],
): Promise<string[]> {
  const { run, item: id, reason = 'no reason given', product } = item
  const lines = [`  ${style.red('✗')} ${id}: ${harmless(reason)}`]
  const size = product?.stderr.size ?? 0
  if (size > 0) {
    const chunks: Uint8Array[] = []
    for await (const chunk of client.logs(run, id, { stream: 'stderr', from: Math.max(0, size - tailBytes) }))
      chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n').slice(-tailLines)
    lines.push(...text.map((line) => style.dim(`    ${harmless(line)}`)))
  }
  lines.push(style.dim(`    seamark logs ${run} ${id} --stderr`))
  return lines
}
