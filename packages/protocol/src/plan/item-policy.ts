import type {
  EffectivePolicy,
  ItemPolicy,
  ItemSpec,
  LevelPolicy,
  Policy,
  Problem,
  RunPolicies,
  SetupSpec,
} from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { effective } from '@seamark/policy'
import type { PlanDeployment } from './deployment.ts'
import { levelsAbove, levelsAboveSetup, saidOf, says } from './deployment-policies.ts'
import type { Faults, Path } from './fault.ts'
import { heldCheck } from './held.ts'
import { pointer, steps } from './place.ts'
import { quoted } from './quoted.ts'

/** Makes the policies of a run's items out of all levels, and refuses what can not be held. */
export interface PolicyMaker {
  /** `own` is what the item itself says, with nothing wrong in it. */
  ofItem(spec: ItemSpec, own: Policy, path: Path): ItemPolicy | undefined
  /** Of the set-up, on every executor that builds it. `own` is what the plan says of it, with nothing wrong in it. */
  ofSetup(setup: SetupSpec, own: Policy, executors: Iterable<string>): ItemPolicy | undefined
  /** What the levels above said, for the queues and agents of items that were asked for. */
  policies(): RunPolicies | undefined
}

type Above = Pick<ItemSpec, 'queue' | 'agent' | 'agentVersion'>

/** Of an agent that fits the deployment, but not into the queue of an item. Its policy is not in the plan. */
function unfit(
  { queue, agent = '' }: Above,
  level: string,
  message: string,
  at = '',
): Pick<Problem, 'message' | 'remedy'> {
  if (level === 'version')
    return {
      message: `The version of the agent ${quoted(agent)} asks for more than it is given here: ${message} See ${at} of its agent.yaml.`,
      remedy: 'Push a version that asks for less, or have what is above it say more.',
    }
  return {
    message: `The agent ${quoted(agent)} does not fit into the queue ${quoted(queue)}: ${message} See ${at} of the configuration.`,
    remedy: 'Use another queue or agent, or have their policies made to fit.',
  }
}

function digestOf({ agentVersion }: Above): string | undefined {
  return agentVersion?.manifest.sha256
}

/** Different policies that are kept in mind: a plan repeats a few. */
const MOST_ALIKE = 1_000

export function policyMaker(deployment: PlanDeployment, faults: Faults): PolicyMaker {
  const versions = Object.values(deployment.versions ?? {}).flatMap((one) => (one === null ? [] : [one]))
  const given: RunPolicies = {
    ...deployment.policies,
    versions: {
      ...deployment.policies?.versions,
      ...Object.fromEntries(versions.map(({ manifest, policy }) => [manifest.sha256, policy])),
    },
  }
  const executors = new Map(deployment.executors.map((executor) => [executor.name, executor]))
  const check = heldCheck(faults, deployment.egress)
  const shared = new Map<string, EffectivePolicy | undefined>()
  /** Of items that say the same. */
  const alike = new Map<string, { readonly result: EffectivePolicy; readonly policy: ItemPolicy }>()
  const used = {
    queues: new Map<string, Policy>(),
    agents: new Map<string, Policy>(),
    versions: new Map<string, Policy>(),
  }
  let setups: Policy | undefined

  function combined(levels: readonly LevelPolicy[], path: Path, of?: Above): EffectivePolicy | undefined {
    if (levels.length === 0) return undefined
    try {
      const result = effective(levels)
      for (const { code, message, remedy, level, place } of result.problems)
        faults.add({
          code,
          ...((level === 'agent' || level === 'version') && of !== undefined
            ? unfit(of, level, message, place?.pointer)
            : { message, ...(remedy !== undefined && { remedy }) }),
          path: level === 'item' && place !== undefined ? steps(place.pointer) : path,
        })
      return result
    } catch (error) {
      if (!isSeamError(error)) throw error
      faults.add({ code: error.code, message: error.message, path })
      return undefined
    }
  }

  function ofLevels(above: Above, own: Policy, path: Path): EffectivePolicy | undefined {
    const levels = levelsAbove(given, above.queue, above.agent, digestOf(above))
    return combined([...levels, { level: 'item', policy: own, pointer: pointer(path) }], path, above)
  }

  /** Items that say nothing themselves share the policy of their queue and agent. */
  function ofAbove(above: Above, path: Path): EffectivePolicy | undefined {
    const version = digestOf(above)
    const key = JSON.stringify([above.queue, above.agent, version])
    if (!shared.has(key)) shared.set(key, combined(levelsAbove(given, above.queue, above.agent, version), path, above))
    return shared.get(key)
  }

  return {
    ofItem(spec, own, path) {
      const { queue, agent } = spec
      const executor = executors.get(spec.executor)
      const ofQueue = saidOf(given.queues, queue)
      if (ofQueue !== undefined) used.queues.set(queue, ofQueue)
      const ofAgent = agent === undefined ? undefined : saidOf(given.agents, agent)
      if (agent !== undefined && ofAgent !== undefined) used.agents.set(agent, ofAgent)
      const version = digestOf(spec)
      const ofVersion = version === undefined ? undefined : saidOf(given.versions, version)
      if (version !== undefined && ofVersion !== undefined) used.versions.set(version, ofVersion)
      const before = faults.list.length + faults.dropped()
      const key = says(own) ? JSON.stringify([queue, agent, version, spec.executor, spec.runtime, own]) : undefined
      const known = key === undefined ? undefined : alike.get(key)
      const result = known?.result ?? (says(own) ? ofLevels(spec, own, path) : ofAbove(spec, path))
      // What is no executor here has been complained about already.
      if (result === undefined || executor === undefined) return undefined
      const asked = deployment.askingRuntimes?.includes(spec.runtime) === true
      const lines = [
        ...(asked ? [] : [{ line: spec.run, path: [...path, 'run'] }]),
        ...(spec.services ?? []).flatMap(({ run, ready }, at) => [
          ...(run === undefined ? [] : [{ line: run, path: [...path, 'services', at, 'run'] }]),
          { line: ready.run, path: [...path, 'services', at, 'ready', 'run'] },
        ]),
        ...spec.gates.map(({ run }, at) => ({ line: run, path: [...path, 'gates', at, 'run'] })),
      ]
      const judged = asked || deployment.lineRuntimes?.includes(spec.runtime) === true
      check({ effective: result, executor, path, ...(judged && { lines }) })
      if (known !== undefined) return known.policy
      const { policy, digest } = result
      const made = { policy, digest, ...(says(own) && { own }) }
      // What is refused has its place in each item.
      const fine = faults.list.length + faults.dropped() === before
      if (key !== undefined && fine && alike.size < MOST_ALIKE) alike.set(key, { result, policy: made })
      return made
    },

    ofSetup(setup, own, names) {
      const path = ['workspace', 'setup']
      if (says(given.setup)) setups = given.setup
      const asks = [{ level: 'item', policy: own, pointer: pointer([...path, 'policy']) }] as const
      const result = combined([...levelsAboveSetup(given, own), ...(says(own) ? asks : [])], path)
      if (result === undefined) return undefined
      let lines = [{ line: setup.run, path: [...path, 'run'] }]
      for (const name of new Set(names)) {
        const executor = executors.get(name)
        if (executor === undefined) continue
        check({ effective: result, executor, path, lines, setup: true })
        lines = []
      }
      const { policy, digest } = result
      return { policy, digest, ...(says(own) && { own }) }
    },

    policies() {
      const { deployment: above } = given
      const made = {
        ...(says(above) && { deployment: above }),
        ...(used.queues.size > 0 && { queues: Object.fromEntries(used.queues) }),
        ...(used.agents.size > 0 && { agents: Object.fromEntries(used.agents) }),
        ...(used.versions.size > 0 && { versions: Object.fromEntries(used.versions) }),
        ...(setups && { setup: setups }),
      }
      return Object.keys(made).length > 0 ? made : undefined
    },
  }
}
