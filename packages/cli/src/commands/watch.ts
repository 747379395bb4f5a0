import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'
import { followRun } from '../follow.ts'
import { exitCodeOf } from '../outcome.ts'
import { runSummary } from '../summary.ts'

export const watch: Command = command({
  name: 'watch',
  summary: 'Follows a run of a service to its end',
  args: { run: { ...RUN, required: false, description: `${RUN.description}. Default: the newest` } },
  examples: [
    { line: 'seamark watch', says: 'the newest run, with what its agents ask' },
    { line: "seamark watch 019a --json | jq -r '.kind // .type'", says: 'one document a line, ended by type "end"' },
  ],
  notes: [
    'Ctrl-C leaves; the run goes on.',
    'Of a run that is over it shows what happened. Exit code: 0, 11 where the run failed, 8 where it was cancelled or left.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'questions', async (connection) => {
      const json = args.json === true
      const { run } = await findRun(connection.client, args.run ?? 'last')
      const { end, items } = await followRun(context, connection, run, json, { watches: true })
      if (!json) await context.io.out(await runSummary(context, connection, end, items))
      return exitCodeOf(end.status)
    }),
})
