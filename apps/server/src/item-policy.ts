import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { recordedItems, recordedPolicy, recordedRun, recordedSetupPolicy } from '@seamark/protocol'
import type { PolicyView, RecordedSetupPolicy } from '@seamark/protocol'
import type { Deployment } from './deployment.ts'
import { isolationOf } from './isolation.ts'
import { itemRow, runRow } from './questions.ts'

/**
 * The policy of an item and of the set-up that it needs, from the records of its run: what the configuration says by now has no say in it.
 * Errors: `NOT_FOUND`; `CONFLICT` where the payloads of the run were purged.
 */
export async function itemPolicy(
  deployment: Deployment,
  run: string,
  item: string,
  options: CallOptions,
): Promise<PolicyView> {
  const { index } = await itemRow(deployment, run, item)
  const { ns, journal } = deployment
  const { seq } = await runRow(deployment, run)
  let policies: RecordedSetupPolicy['policies']
  let setup: RecordedSetupPolicy | undefined
  // The items of the plan are in the records right after the first, children further on.
  for await (const { header, payload } of journal.read(ns, seq, { run, payloads: true, ...options })) {
    const kind = member(jsonOf(header), 'kind')
    if (kind !== 'run.submitted' && kind !== 'items.added') continue
    if (payload === undefined)
      throw new SeamError('CONFLICT', `What run ${run} was submitted with was purged.`, {
        remedy: 'The digest of the policy is in the records of its launches.',
      })
    if (kind === 'run.submitted') {
      const { spec } = recordedRun.parse(jsonOf(payload.bytes))
      policies = spec.policies
      setup = spec.setup && { ...spec.setup, ...(policies && { policies }) }
      continue
    }
    const added = recordedItems.parse(jsonOf(payload.bytes))
    const at = added.findIndex(({ id }) => id === item)
    const found = added[at]
    if (found === undefined) continue
    const parent = member(jsonOf(header), 'item')
    const above = typeof parent === 'string' ? await itemPolicy(deployment, run, parent, options) : undefined
    const { executor, queue, agent, agentVersion, policy } = found
    const isolation = isolationOf(deployment, executor)
    const about = {
      queue,
      index: above === undefined ? index : at,
      ...(above && { parent: above.said ? { policy: above.policy } : {} }),
      ...(agent !== undefined && { agent }),
      ...(agentVersion && { version: agentVersion.manifest.sha256 }),
    }
    const recorded = { ...about, ...(policies && { policies }), ...(policy && { policy }) }
    return {
      run,
      item,
      executor,
      ...(isolation && { isolation }),
      ...(above && { parent: above.item }),
      ...recordedPolicy(recorded),
      ...(setup && { setup: recordedSetupPolicy(setup) }),
    }
  }
  throw new SeamError('INTEGRITY', `The records of run ${run} do not hold its item ${item}.`, {
    remedy: 'See what `seamark doctor --deep` says.',
  })
}

function jsonOf(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
