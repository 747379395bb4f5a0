import type { Effective } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import { SeamError } from '@seamark/kit'
import type { CliContext, Command } from '../command.ts'
import type { ConnectArgs } from '../connect.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { findRun, RUN } from '../find-run.ts'

const args = {
  run: { ...RUN, required: false },
  all: { type: 'boolean', description: 'All runs of the service, also those that are submitted later' },
} as const

export const pause: Command = command({
  name: 'pause',
  args,
  examples: [
    { line: 'seamark pause last', says: 'the newest run' },
    { line: 'seamark pause --all', says: 'all runs; plans are still taken, and wait' },
  ],
  notes: [
    'Attempts that have begun go to their end, gates included, and are settled. Deadlines and other times go on.',
    'A pause holds until it is resumed, also after a restart. A paused run can be cancelled.',
    '--json gives { run?, effective }: false where it was paused, cancelled or over already.',
  ],
  run: (context, given) => control(context, given, 'pause'),
})

export const resume: Command = command({
  name: 'resume',
  args,
  examples: [
    { line: 'seamark resume last', says: 'the newest run' },
    { line: 'seamark resume --all', says: 'ends what pause --all began; runs that were paused themselves stay so' },
  ],
  notes: ['--json gives { run?, effective }: false where it was not paused.'],
  run: (context, given) => control(context, given, 'resume'),
})

interface Given extends ConnectArgs {
  readonly run?: string | undefined
  readonly all?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Errors: `INVALID_INPUT` where neither a run is named nor all are, or both. */
function control(context: CliContext, given: Given, verb: 'pause' | 'resume'): Promise<number> {
  const all = given.all === true
  if (all === (given.run !== undefined))
    throw new SeamError('INVALID_INPUT', all ? 'A run is named, and --all.' : 'No run is named.', {
      remedy: `Write seamark ${verb} RUN, or seamark ${verb} --all.`,
    })
  return withConnection(context, given, 'changes', async ({ client, inProcess }) => {
    const found = given.run === undefined ? undefined : await findRun(client, given.run)
    const run = found?.run
    const { effective } = await ask(client, verb, run)
    if (given.json === true)
      await context.io.out(`${JSON.stringify({ ...(run !== undefined && { run }), effective })}\n`)
    else await context.io.out(`${said(verb, run, effective)}\n`)
    if (verb === 'resume' && effective && inProcess !== undefined && given.json !== true)
      await context.io.out('No service is running: start seamark serve to have it go on.\n')
    return 0
  })
}

function ask(client: SeamarkClient, verb: 'pause' | 'resume', run: string | undefined): Promise<Effective> {
  return verb === 'pause' ? client.pause(run) : client.unpause(run)
}

function said(verb: 'pause' | 'resume', run: string | undefined, effective: boolean): string {
  const what = run === undefined ? 'All runs' : `Run ${run}`
  const be = run === undefined ? 'are' : 'is'
  if (verb === 'resume') {
    if (effective) return `${what} ${run === undefined ? 'go' : 'goes'} on.`
    return run === undefined ? 'There was no pause of all runs.' : `${what} was not paused.`
  }
  if (!effective) return `${what} ${run === undefined ? 'were paused' : 'was paused, cancelled or over'} already.`
  return `${what} ${be} paused: what runs goes on, nothing new starts. Go on with seamark resume ${run ?? '--all'}.`
}
