import type { ItemView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'

export const cancel: Command = command({
  name: 'cancel',
  args: {
    run: RUN,
    item: { type: 'positional', required: false, description: 'Item of it' },
  },
  examples: [
    { line: 'seamark cancel last', says: 'the newest run' },
    { line: 'seamark cancel 01993f2a lint', says: 'one item; what needs it is skipped' },
  ],
  notes: ['--json gives { run, item?, effective }: false where there was nothing left to stop.'],
  run: (context, args) =>
    withConnection(context, args, 'commands', async ({ client, inProcess }) => {
      const { run } = await findRun(client, args.run)
      const { item } = args
      const { effective } = await client.cancel(run, item)
      // No other service brings it to its end.
      if (inProcess !== undefined && effective) await ended(client, run, item)
      const what = item === undefined ? `Run ${run}` : `Item ${item} of run ${run}`
      const answer = { run, ...(item !== undefined && { item }), effective }
      if (args.json === true) await context.io.out(`${JSON.stringify(answer)}\n`)
      else await context.io.out(`${what} ${effective ? 'is being stopped' : 'was over already'}.\n`)
      return 0
    }),
})

/** Resolves once the run, or the item of it, has ended. */
async function ended(client: SeamarkClient, run: string, item: string | undefined): Promise<void> {
  for await (const event of client.events(run, { follow: true })) {
    if (event.type !== 'record' || item === undefined) continue
    if (event.item === item && event.kind === 'item.settled') return
    if (event.kind === 'items.settled' && isOver((await client.item(run, item)).status)) return
  }
}

function isOver(status: ItemView['status']): boolean {
  return status !== 'waiting' && status !== 'running' && status !== 'parked'
}
