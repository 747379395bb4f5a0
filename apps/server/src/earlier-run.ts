import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { workspaceBase } from '@seamark/protocol'
import type { WorkspaceBase } from '@seamark/protocol'
import type { Deployment } from './deployment.ts'

/** What was made of the same plan under the same id before. */
export interface EarlierRun {
  readonly base?: WorkspaceBase
}

/**
 * The run that this plan is already, so that nothing of it is looked up again: its repository may have moved on or be
 * gone. `undefined` where there is none now; then only the engine can tell. What is found stays true: an id is never used
 * again, and the plan of a run never changes. Errors: `CONFLICT` where the run has another plan.
 */
export async function earlierRun(
  { ns, projections, journal }: Deployment,
  run: string,
  plan: string,
  options: CallOptions,
): Promise<EarlierRun | undefined> {
  const { rows } = await projections.query(ns, 'runs', { run }, { limit: 1 }, options)
  const [row] = rows
  if (row === undefined) return undefined
  if (row.plan !== plan || row.rerun !== undefined)
    throw new SeamError('CONFLICT', `Run ${run} exists with another plan, or does a run again.`, {
      remedy: 'Submit the same plan, or choose another run id.',
    })
  for await (const { payload } of journal.read(ns, row.seq, { to: row.seq + 1, payloads: true, ...options })) {
    const base = workspaceBase.safeParse(workspaceOf(payload?.bytes))
    if (base.success) return { base: base.data }
  }
  return {}
}

/** The workspace of a run as its first record has it; nothing where that was purged. */
function workspaceOf(payload: Uint8Array | undefined): unknown {
  if (payload === undefined) return undefined
  const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
  return member(member(value, 'spec'), 'workspace')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
