import type { ItemSpec, PlanService, ServiceSpec } from '@seamark/core'
import { DEFAULT_READY_EVERY_MS, DEFAULT_READY_TIMEOUT_MS, DEFAULT_STOP_MS } from './defaults.ts'
import type { PlanDeployment } from './deployment.ts'
import type { Faults, Path } from './fault.ts'
import { checkGivenText } from './given-text.ts'
import { checkEnv, COMMAND, duration } from './item-fields.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'

/** As Docker writes references, with the digest of the content. */
const IMAGE = /^(?:[a-zA-Z0-9][\w.:/-]{0,255}@)?sha256:[a-f0-9]{64}$/

/** The services of an item with every default applied. */
export function servicesOf(services: readonly PlanService[], path: Path, faults: Faults): readonly ServiceSpec[] {
  if (services.length > PLAN_LIMITS.servicesPerItem)
    faults.add({
      code: 'LIMIT_EXCEEDED',
      message: `An item has more than ${PLAN_LIMITS.servicesPerItem} services.`,
      path,
    })
  const names = new Set<string>()
  return services.map(({ name, run, image, ready, env = {}, stop }, at) => {
    const place = [...path, at]
    if (names.has(name))
      faults.add({
        code: 'INVALID_INPUT',
        message: `There are two services ${quoted(name)}.`,
        remedy: 'Give each a name of its own.',
        path: [...place, 'name'],
      })
    names.add(name)
    if (run !== undefined) checkGivenText(run, COMMAND, [...place, 'run'], faults)
    else if (image === undefined)
      faults.add({
        code: 'INVALID_INPUT',
        message: `The service ${quoted(name)} has no command.`,
        remedy: 'Give it run, or the image that it is a container of.',
        path: place,
      })
    if (image !== undefined && !IMAGE.test(image))
      faults.add({
        code: 'INVALID_INPUT',
        message: `The image ${quoted(image)} is not named by its digest.`,
        remedy: 'Write it as NAME@sha256:DIGEST or sha256:DIGEST: a tag may be another image tomorrow.',
        path: [...place, 'image'],
      })
    checkGivenText(ready.run, COMMAND, [...place, 'ready', 'run'], faults)
    checkEnv(env, [...place, 'env'], faults)
    return {
      name,
      ...(run !== undefined && { run }),
      ...(image !== undefined && { image }),
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

/** Services listen on the loopback, which is an attempt's own only in a sandbox. Containers are started by whoever starts the item's. */
export function requireServices(
  { executor: name, services = [] }: Pick<ItemSpec, 'executor' | 'services'>,
  deployment: PlanDeployment,
  path: Path,
  faults: Faults,
): void {
  const executor = deployment.executors.find((one) => one.name === name)
  // One that is not there has been complained about already.
  if (executor === undefined) return
  if (executor.holds?.filesystem !== 'private' || executor.holds.network === 'host') {
    faults.add({
      code: 'UNSUPPORTED',
      message: `Executor ${quoted(name)} gives an attempt no network of its own, where services could be.`,
      remedy: 'Name another executor, or start them in the command itself.',
      path,
      part: 'key',
    })
    return
  }
  const { companions } = executor.holds
  for (const [at, { image }] of services.entries()) {
    // A name that is none has been complained about already.
    if (image === undefined || !IMAGE.test(image) || companions?.includes(image) === true) continue
    const able = deployment.executors.filter(({ holds }) => holds?.companions?.includes(image) === true)
    faults.add({
      code: 'UNSUPPORTED',
      message:
        companions === undefined
          ? `Executor ${quoted(name)} starts no containers beside an item.`
          : `Executor ${quoted(name)} may not start containers of the image ${quoted(image)}.`,
      remedy:
        able.length > 0
          ? `Name one that may: ${able.map((one) => one.name).join(', ')}.`
          : companions === undefined
            ? 'Name an executor that runs items in containers, or start it with run in the sandbox of the item.'
            : 'Have the image put into serviceImages of the executor.',
      path: [...path, at, 'image'],
    })
  }
}
