import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'
import { followRun } from '../follow.ts'
import { exitCodeOf } from '../outcome.ts'
import { runSummary } from '../summary.ts'
import { watchService } from '../watch-service.ts'

export const watch: Command = command({
  name: 'watch',
  args: { run: { ...RUN, required: false, description: `${RUN.description}. Default: all that the service does` } },
  examples: [
    { line: 'seamark watch', says: 'runs, their items, slots of queues, and what would let go on what waits' },
    { line: 'seamark watch last', says: 'the newest run to its end, with what its agents ask' },
    { line: "seamark watch 019a --json | jq -r '.kind // .type'", says: 'one document a line, ended by type "end"' },
  ],
  notes: [
    'Ctrl-C leaves; runs go on.',
    'Of a run that is over it shows what happened. Exit code: 0, 11 where the run failed, 8 where it was cancelled or left.',
    'Without a run and without a terminal, or with --json, it gives one document a line: { type: "service", service },',
    '{ type: "run", run } and { type: "item", item } for what there is, then { type: "record", run?, ... } for each record.',
  ],
  run: (context, args) => {
    const json = args.json === true
    const { run: wanted } = args
    if (wanted === undefined)
      return withConnection(context, args, 'running', async ({ client }) => {
        await watchService(context, client, json)
        return 0
      })
    return withConnection(context, args, 'questions', async (connection) => {
      const { run } = await findRun(connection.client, wanted)
      const { end, items } = await followRun(context, connection, run, json, { watches: true })
      if (!json) await context.io.out(await runSummary(context, connection, end, items))
      return exitCodeOf(end.status)
    })
  },
})
