import type { PlanService, ServiceSpec } from '@seamark/core'
import { DEFAULT_READY_EVERY_MS, DEFAULT_READY_TIMEOUT_MS, DEFAULT_STOP_MS } from './defaults.ts'
import type { PlanDeployment } from './deployment.ts'
import type { Faults, Path } from './fault.ts'
import { checkGivenText } from './given-text.ts'
import { checkEnv, COMMAND, duration } from './item-fields.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'

/** The services of an item with every default applied. */
export function servicesOf(services: readonly PlanService[], path: Path, faults: Faults): readonly ServiceSpec[] {
  if (services.length > PLAN_LIMITS.servicesPerItem)
    faults.add({
      code: 'LIMIT_EXCEEDED',
      message: `An item has more than ${PLAN_LIMITS.servicesPerItem} services.`,
      path,
    })
  const names = new Set<string>()
  return services.map(({ name, run, ready, env = {}, stop }, at) => {
    const place = [...path, at]
    if (names.has(name))
      faults.add({
        code: 'INVALID_INPUT',
        message: `There are two services ${quoted(name)}.`,
        remedy: 'Give each a name of its own.',
        path: [...place, 'name'],
      })
    names.add(name)
    checkGivenText(run, COMMAND, [...place, 'run'], faults)
    checkGivenText(ready.run, COMMAND, [...place, 'ready', 'run'], faults)
    checkEnv(env, [...place, 'env'], faults)
    return {
      name,
      run,
      ready: {
        run: ready.run,
        everyMs: duration(ready.every, [...place, 'ready', 'every'], faults) ?? DEFAULT_READY_EVERY_MS,
        timeoutMs: duration(ready.timeout, [...place, 'ready', 'timeout'], faults) ?? DEFAULT_READY_TIMEOUT_MS,
      },
      env,
      stopMs: duration(stop, [...place, 'stop'], faults) ?? DEFAULT_STOP_MS,
    }
  })
}

/** Services listen on the loopback, which is an attempt's own only in a sandbox. */
export function requireSandbox(name: string, deployment: PlanDeployment, path: Path, faults: Faults): void {
  const executor = deployment.executors.find((one) => one.name === name)
  // One that is not there has been complained about already.
  if (executor === undefined || (executor.holds?.filesystem === 'private' && executor.holds.network !== 'host')) return
  faults.add({
    code: 'UNSUPPORTED',
    message: `Executor ${quoted(name)} gives an attempt no network of its own, where services could be.`,
    remedy: 'Name another executor, or start them in the command itself.',
    path,
    part: 'key',
  })
}
