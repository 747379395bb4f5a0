import { meant, SeamError } from '@seamark/kit'
import { runStatus } from '@seamark/protocol/wire'
import type { RunView } from '@seamark/protocol/wire'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { instant } from '../instant.ts'
import { standing, statusPaint } from '../status-paint.ts'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'
import { table } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'

/** What `--status` takes: runs that are paused are running ones too. */
export const STATUSES: readonly (RunView['status'] | 'paused')[] = [...runStatus.options, 'paused']
const mostRuns = 10_000

export const list: Command = command({
  name: 'list',
  args: {
    status: { type: 'string', valueHint: 'STATUS', description: `Only these: ${STATUSES.join(', ')}` },
    name: { type: 'string', valueHint: 'NAME', description: 'Only runs of plans of this name' },
    since: { type: 'string', valueHint: 'TIME', description: 'Only runs since then: 12h, 7d, 2026-11-01 (UTC)' },
    'submitted-by': { type: 'string', valueHint: 'WHO', description: 'Only runs of this principal' },
    limit: { type: 'string', valueHint: 'N', description: 'At most so many runs. Default: 20' },
  },
  examples: [
    { line: 'seamark list --status failed --since 7d', says: 'what failed in the last seven days' },
    { line: 'seamark list --name nightly --output yaml', says: 'the runs of one plan, as data' },
    { line: "seamark list --status running --json | jq -r '.runs[].run'", says: 'ids of what runs' },
  ],
  notes: [
    '--json gives { runs: [RunView], more }: more is true where there are runs beyond the limit.',
    'A paused run has the status running there, and paused; --status running finds it too. After pause --all runs are running.',
  ],
  run: (context, args) => {
    const asked = args.status === undefined ? undefined : statusOf(args.status)
    const status = asked === 'paused' ? 'running' : asked
    const since = args.since === undefined ? undefined : instant('--since', args.since, Date.now())
    const limit = wholeNumber('--limit', args.limit ?? '20', mostRuns)
    const filter = {
      ...(status !== undefined && { status }),
      ...(args.name !== undefined && { name: args.name }),
      ...(since !== undefined && { since }),
      ...(args['submitted-by'] !== undefined && { submittedBy: args['submitted-by'] }),
    }
    return withConnection(context, args, 'questions', async ({ client }) => {
      const { io } = context
      const runs: RunView[] = []
      let more = false
      for await (const run of client.runs(filter)) {
        if (asked === 'paused' && standing(run) !== 'paused') continue
        more = runs.length === limit
        if (more) break
        runs.push(run)
      }
      if (args.json === true) await io.out(`${JSON.stringify({ runs, more })}\n`)
      else if (runs.length === 0) io.err(`${nothing(Object.keys(filter).length > 0)}\n`)
      else {
        const lines = runTable(runs, io.style, io.interactive ? io.size().columns : undefined)
        await io.out(lines.map((line) => `${line}\n`).join(''))
        if (more) io.err(`${io.errStyle.dim(`There are more: --limit ${Math.min(mostRuns, limit * 5)}`)}\n`)
      }
      return 0
    })
  },
})

function nothing(filtered: boolean): string {
  return filtered ? 'No run is like that. seamark list shows all.' : 'No run yet. Start one with seamark run PLAN.'
}

function statusOf(text: string): (typeof STATUSES)[number] {
  const status = STATUSES.find((known) => known === text)
  if (status !== undefined) return status
  const guess = meant(text, STATUSES)
  throw new SeamError('INVALID_INPUT', `A run is never ${JSON.stringify(text.slice(0, 40))}.`, {
    remedy: guess === undefined ? `Use ${STATUSES.join(', ')}.` : `Did you mean --status ${guess}?`,
  })
}

/** Runs as a table that fits a terminal of so many columns. */
export function runTable(runs: readonly RunView[], style: Style, width: number | undefined): string[] {
  const columns = [
    { head: 'RUN', least: 13 },
    { head: 'STATUS' },
    { head: 'DONE', right: true, spare: 1 },
    { head: 'SUBMITTED', spare: 3 },
    { head: 'BY', spare: 4 },
    { head: 'NAME', spare: 2, least: 8 },
  ] as const
  const rows = runs.map((run) => {
    const { succeeded, failed, canceled, skipped } = run.settled
    return [
      { text: run.run },
      { text: standing(run), paint: statusPaint(standing(run), style) },
      { text: `${succeeded + failed + canceled + skipped}/${run.items}` },
      { text: new Date(run.submittedAt).toISOString().slice(0, 19).replace('T', ' '), paint: style.dim },
      { text: harmless(run.submittedBy), paint: style.dim },
      { text: harmless(run.name ?? '') },
    ]
  })
  return table(columns, rows, style, width)
}
