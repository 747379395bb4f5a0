import type { GateSpec, ItemSpec, LockSpec, NeedSpec, Plan, PlanItem, PlanRetries } from '@seamark/core'
import { pinned } from './agent-version.ts'
import type { AgentVersions } from './agent-version.ts'
import { DEFAULT_MAX_DELAY_MS, DEFAULT_MIN_DELAY_MS, DEFAULT_TIMEOUT_MS } from './defaults.ts'
import { durationMs } from './duration.ts'
import type { Faults, Path } from './fault.ts'
import { checkGivenText } from './given-text.ts'
import { checkEnv, COMMAND, duration } from './item-fields.ts'
import type { Env } from './item-fields.ts'
import { PLAN_LIMITS } from './limits.ts'
import type { PlanDeployment } from './deployment.ts'
import type { NameResolver } from './names.ts'
import { outputMaker } from './outputs.ts'
import { lock, pathLock } from './paths.ts'
import type { Checked } from './paths.ts'
import { itemTask } from './prompt.ts'
import { servicesOf } from './services.ts'
import { budgetLimits } from './spending.ts'

// Shared by every item that has none, so that a plan of 100,000 items stays small.
const none: readonly never[] = []

/** Distinct checked values of a list, in order; a second one of the same is harmless. */
function distinct<T>(
  list: readonly string[] | undefined,
  check: (text: string) => Checked<T>,
  limit: number,
  path: Path,
  faults: Faults,
): readonly T[] {
  if (list === undefined || list.length === 0) return none
  if (list.length > limit) {
    faults.add({ code: 'LIMIT_EXCEEDED', message: `A list has more than ${limit} entries.`, path })
    return none
  }
  const seen = new Map<string, T>()
  for (const [at, text] of list.entries()) {
    const checked = check(text)
    if (checked.ok) seen.set(JSON.stringify(checked.value), checked.value)
    else faults.add({ code: 'INVALID_INPUT', message: checked.message, remedy: checked.remedy, path: [...path, at] })
  }
  return [...seen.values()]
}

function retriesOf(
  own: PlanRetries | undefined,
  shared: PlanRetries | undefined,
  path: Path,
  faults: Faults,
): ItemSpec['retries'] {
  const minDelay = own?.minDelay ?? shared?.minDelay
  const maxDelay = own?.maxDelay ?? shared?.maxDelay
  const minDelayMs = (minDelay === undefined ? undefined : durationMs(minDelay)) ?? DEFAULT_MIN_DELAY_MS
  const cap = maxDelay === undefined ? undefined : durationMs(maxDelay)
  duration(own?.minDelay, [...path, 'minDelay'], faults)
  duration(own?.maxDelay, [...path, 'maxDelay'], faults)
  if (cap !== undefined && cap < minDelayMs && own !== undefined)
    faults.add({
      code: 'INVALID_INPUT',
      message: 'maxDelay is shorter than minDelay.',
      remedy: 'Make it at least as long.',
      path: [...path, own.maxDelay === undefined ? 'minDelay' : 'maxDelay'],
    })
  return {
    max: own?.max ?? shared?.max ?? 0,
    minDelayMs,
    maxDelayMs: Math.max(minDelayMs, cap ?? DEFAULT_MAX_DELAY_MS),
  }
}

function gatesOf(item: PlanItem, timeoutMs: number, path: Path, faults: Faults): readonly GateSpec[] {
  const gates = item.gates ?? none
  if (gates.length > PLAN_LIMITS.gatesPerItem)
    faults.add({
      code: 'LIMIT_EXCEEDED',
      message: `An item has more than ${PLAN_LIMITS.gatesPerItem} gates.`,
      path: [...path, 'gates'],
    })
  return gates.map((gate, at) => {
    const place = [...path, 'gates', at]
    checkGivenText(gate.run, COMMAND, [...place, 'run'], faults)
    const protect = distinct<LockSpec>(gate.protect, pathLock, PLAN_LIMITS.paths, [...place, 'protect'], faults)
    return { run: gate.run, protect, timeoutMs: duration(gate.timeout, [...place, 'timeout'], faults) ?? timeoutMs }
  })
}

/** Makes items with every default applied. */
export interface ItemMaker {
  make(item: PlanItem, path: Path, needs: readonly NeedSpec[]): ItemSpec
}

export function itemMaker(
  plan: Omit<Plan, 'items'>,
  names: NameResolver,
  versions: AgentVersions,
  deployment: PlanDeployment,
  faults: Faults,
): ItemMaker {
  const { defaults = {} } = plan
  const sharedEnv: Env = defaults.env ?? {}
  const sharedTimeoutMs = duration(defaults.timeout, ['defaults', 'timeout'], faults) ?? DEFAULT_TIMEOUT_MS
  checkEnv(defaults.env, ['defaults', 'env'], faults)
  const outputs = outputMaker(faults)
  const taskOf = itemTask(plan, deployment, faults)
  const sharedRetries = retriesOf(defaults.retries, undefined, ['defaults', 'retries'], faults)

  return {
    make(written, path, needs) {
      const version = versions.of(written.agent ?? defaults.agent, path)
      const item = version === undefined ? written : versions.apply(written, version, path)
      if (item.run !== undefined) checkGivenText(item.run, COMMAND, [...path, 'run'], faults)
      const runtime = names.resolve('runtime', item.runtime, path)
      checkEnv(item.env, [...path, 'env'], faults)
      const timeoutMs = duration(item.timeout, [...path, 'timeout'], faults) ?? sharedTimeoutMs
      const budget = budgetLimits(item.budget, [...path, 'budget'], faults)
      const agent = names.agent(item.agent, path)
      const services = servicesOf(item.services ?? none, [...path, 'services'], faults)
      if (version !== undefined) versions.requireRuntime(runtime, version, path)
      return {
        id: item.id,
        ...taskOf(item, runtime, path),
        ...(agent !== undefined && { agent }),
        ...(version !== undefined && pinned(version)),
        ...(version !== undefined && item.input !== undefined && { input: item.input }),
        needs,
        locks: distinct(item.locks, lock, PLAN_LIMITS.locksPerItem, [...path, 'locks'], faults),
        gates: gatesOf(item, timeoutMs, path, faults),
        outputs: outputs.make(item.outputs, [...path, 'outputs'], version?.outputs),
        effects: 'write-impure',
        runtime,
        executor: names.resolve('executor', item.executor, path),
        queue: names.resolve('queue', item.queue, path),
        priority: item.priority ?? 0,
        timeoutMs,
        retries:
          item.retries === undefined
            ? sharedRetries
            : retriesOf(item.retries, defaults.retries, [...path, 'retries'], faults),
        env: item.env === undefined ? sharedEnv : { ...sharedEnv, ...item.env },
        keepWorkspace: item.keepWorkspace ?? true,
        ...(item.patch !== undefined && { patch: item.patch }),
        ...(budget !== undefined && { budget }),
        ...(services.length > 0 && { services }),
        ...(item.children && { children: { depth: 1, end: 'cancel', ...item.children } }),
      }
    },
  }
}
