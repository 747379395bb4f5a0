import type { CallOptions, RunPolicies } from '@seamark/core'
import { hasCode, SeamError } from '@seamark/kit'
import {
  checkAgentDefinition,
  recordedItems,
  recordedPolicy,
  recordedRun,
  recordedSetupPolicy,
} from '@seamark/protocol'
import type { PolicyView, RecordedSetupPolicy } from '@seamark/protocol'
import { readManifest } from './agents.ts'
import type { Deployment } from './deployment.ts'
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
    const held = deployment.executors.find(({ name }) => name === executor)?.guarantees
    const { isolation, defaultLimits, mostLimits } = held ?? {}
    const version = agentVersion?.manifest.sha256
    if (above !== undefined && version !== undefined)
      policies = await withVersion(deployment, policies, version, { ...options, run })
    const about = {
      queue,
      index: above === undefined ? index : at,
      ...(above && { parent: above.said ? { policy: above.policy } : {} }),
      ...(agent !== undefined && { agent }),
      ...(version !== undefined && { version }),
    }
    const recorded = { ...about, ...(policies && { policies }), ...(policy && { policy }) }
    return {
      run,
      item,
      executor,
      ...(isolation && { isolation: isolation.value }),
      ...(defaultLimits && { defaultLimits }),
      ...(mostLimits && { mostLimits }),
      ...(above && { parent: above.item }),
      ...recordedPolicy(recorded),
      ...(setup && { setup: recordedSetupPolicy(setup) }),
    }
  }
  throw new SeamError('INTEGRITY', `The records of run ${run} do not hold its item ${item}.`, {
    remedy: 'See what `seamark doctor --deep` says.',
  })
}

/**
 * With what a version of an agent says that no item of the plan named: its digest was recorded with the item that was added. Where the
 * run was given up nothing is known of it. Errors: those of `readManifest`.
 */
async function withVersion(
  deployment: Deployment,
  policies: RunPolicies = {},
  digest: string,
  options: CallOptions & { readonly run: string },
): Promise<RunPolicies> {
  const { versions = {} } = policies
  if (Object.hasOwn(versions, digest)) return policies
  try {
    const { manifest } = await readManifest(deployment, digest, options)
    const said = checkAgentDefinition(manifest.definition)
    return said.ok ? { ...policies, versions: { ...versions, [digest]: said.agent.policy } } : policies
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return policies
    throw error
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
