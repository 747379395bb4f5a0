import type { RemovedRun } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { findRun, RUN } from '../find-run.ts'
import { tally } from './gc.ts'

export const rm: Command = command({
  name: 'rm',
  args: { run: RUN, 'dry-run': { type: 'boolean', description: 'Only says what it would remove' } },
  takesMore: true,
  examples: [
    { line: 'seamark rm last --dry-run', says: 'what would go, and how much' },
    { line: 'seamark rm last', says: 'patches, outputs, logs, transcripts and workspaces of the newest run' },
    { line: 'seamark rm 01993f2a 01993f2b', says: 'one after the other; none where one of them is not there' },
  ],
  notes: [
    'What another run needs stays. Who removed it is on record, and verify goes on to accept the evidence of the run.',
    'Refused for a run that is not over, and for one that is held: seamark gc release RUN.',
    '--json gives a line { dryRun, run, removed, young } for each run.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'changes', async ({ client }) => {
      const runs = new Set<string>()
      for (const wanted of args._) runs.add((await findRun(client, wanted)).run)
      for (const run of runs) {
        const answer = await client.removeRun(run, { dryRun: args['dry-run'] === true })
        await context.io.out(args.json === true ? `${JSON.stringify(answer)}\n` : described(answer))
      }
      return 0
    }),
})

function described({ dryRun, run, removed, young }: RemovedRun): string {
  const left =
    young.objects === 0
      ? ''
      : `  ${tally(young)} may be needed by what was stored lately, and ${dryRun ? 'would stay' : 'stays'} for now: seamark gc removes it later\n`
  return `${dryRun ? 'Would remove' : 'Removed'} ${tally(removed)} of run ${run}.\n${left}`
}
