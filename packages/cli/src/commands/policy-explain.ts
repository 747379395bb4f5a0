import { policyText } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN_OF_ITEM } from '../find-run.ts'
import { harmless } from '../style.ts'

export const policyExplain: Command = command({
  name: 'policy explain',
  args: {
    item: { type: 'positional', required: true, description: 'Item of a run' },
    run: RUN_OF_ITEM,
  },
  examples: [
    { line: 'seamark policy explain lint', says: 'the item lint of the newest run' },
    { line: 'seamark policy explain lint --run 019a --json', says: 'of another run, as data' },
  ],
  notes: [
    'It is what was recorded with the run, not what the configuration says by now. The digest is in item.launched, and that',
    'of the set-up, where the plan has one, in layer.launched.',
    '--json gives PolicyView; see the documentation of the wire.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const { io } = context
      const { run } = await findRun(client, args.run ?? 'last')
      const view = await client.policy(run, args.item)
      if (args.json === true) await io.out(`${JSON.stringify(view)}\n`)
      else
        await io.out(
          `item ${view.item} of run ${run}\n${policyText(view)
            .map((line) => `${harmless(line)}\n`)
            .join('')}`,
        )
      return 0
    }),
})
