import type { HoldView } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { findRun, RUN } from '../find-run.ts'
import { harmless } from '../style.ts'

export const gcHold: Command = command({
  name: 'gc hold',
  args: {
    run: RUN,
    reason: { type: 'string', valueHint: 'TEXT', description: 'Why, in at most 200 characters; it goes on record' },
  },
  examples: [{ line: 'seamark gc hold last --reason "asked for by the auditors"', says: 'until gc release' }],
  notes: ['--json gives { run, placed }: false where it was held already.'],
  run: (context, args) =>
    withConnection(context, args, 'changes', async ({ client }) => {
      const { run } = await findRun(client, args.run)
      const { placed } = await client.hold(run, args.reason)
      if (args.json === true) await context.io.out(`${JSON.stringify({ run, placed })}\n`)
      else await context.io.out(`Run ${run} ${placed ? 'is held' : 'was held already'}.\n`)
      return 0
    }),
})

export const gcRelease: Command = command({
  name: 'gc release',
  args: { run: RUN },
  examples: [{ line: 'seamark gc release last', says: 'the next seamark gc may remove what it left' }],
  notes: ['--json gives { run, released }: false where it was not held.'],
  run: (context, args) =>
    withConnection(context, args, 'changes', async ({ client }) => {
      const { run } = await findRun(client, args.run)
      const { released } = await client.release(run)
      if (args.json === true) await context.io.out(`${JSON.stringify({ run, released })}\n`)
      else await context.io.out(`Run ${run} ${released ? 'is released' : 'was not held'}.\n`)
      return 0
    }),
})

export const gcHolds: Command = command({
  name: 'gc holds',
  args: {},
  examples: [{ line: 'seamark gc holds', says: 'who holds which run, since when, and why' }],
  notes: ['--json gives { holds: [{ run, reason?, placedBy, placedAt }] }.'],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const holds = await client.holds()
      await context.io.out(args.json === true ? `${JSON.stringify({ holds })}\n` : listed(holds))
      return 0
    }),
})

function listed(holds: readonly HoldView[]): string {
  if (holds.length === 0) return 'No run is held.\n'
  return holds
    .map(({ run, reason, placedBy, placedAt }) => {
      const why = reason === undefined ? '' : `  ${harmless(reason)}`
      return `${run}  since ${new Date(placedAt).toISOString()}  by ${harmless(placedBy)}${why}\n`
    })
    .join('')
}
