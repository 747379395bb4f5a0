import { hasCode, meant, NAME, SeamError } from '@seamark/kit'
import type { RunView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'

/** How a command takes the run that `findRun` is to find. */
export const RUN = { type: 'positional', required: true, description: 'Run, a beginning of its id, or last' } as const

/** How a command takes the run of an item that is named first. Without it the run is `last`. */
export const RUN_OF_ITEM = {
  type: 'string',
  valueHint: 'RUN',
  description: 'Run, or a beginning of its id. Default: the newest',
} as const

// Older runs are named in full.
const looked = 10_000

/**
 * The run of an id, of an unambiguous beginning of one, or the newest for `last`.
 * Errors: `NOT_FOUND`; `INVALID_INPUT` where several begin so, naming them.
 */
export async function findRun(client: SeamarkClient, wanted: string): Promise<RunView> {
  if (wanted === 'last') {
    for await (const run of client.runs()) return run
    throw new SeamError('NOT_FOUND', 'There is no run yet.', { remedy: 'Start one with seamark run PLAN.' })
  }
  if (!NAME.test(wanted))
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(wanted.slice(0, 80))} is no id of a run.`, {
      remedy: 'seamark list shows the runs.',
    })
  try {
    return await client.run(wanted)
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND')) throw error
  }
  const found: RunView[] = []
  const seen: string[] = []
  for await (const run of client.runs()) {
    if (run.run.startsWith(wanted)) found.push(run)
    if (seen.push(run.run) >= looked || found.length > 3) break
  }
  const [only] = found
  if (only === undefined) {
    const guess = meant(wanted, seen)
    throw new SeamError('NOT_FOUND', `There is no run ${wanted}.`, {
      remedy: `${guess === undefined ? '' : `Did you mean ${guess}? `}seamark list shows the runs.`,
    })
  }
  if (found.length > 1)
    throw new SeamError(
      'INVALID_INPUT',
      `Several runs begin with ${wanted}: ${found.map(({ run }) => run).join(', ')}.`,
      {
        remedy: 'Write more of the id.',
      },
    )
  return only
}
