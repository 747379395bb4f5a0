import type { Executor } from '@seamark/core'

/**
 * What an executor does, without what it promises: to be spread into one that does some of it otherwise. Every method is
 * named, as those of an object that a class made need it as `this`.
 */
export function executorMethods(executor: Executor): Omit<Executor, 'spec' | 'kind' | 'name' | 'guarantees'> {
  const send = executor.send?.bind(executor)
  const unavailable = executor.unavailable?.bind(executor)
  const basis = executor.basis?.bind(executor)
  const leftovers = executor.leftovers?.bind(executor)
  const close = executor.close?.bind(executor)
  return {
    launch: (...args) => executor.launch(...args),
    attach: (...args) => executor.attach(...args),
    events: (...args) => executor.events(...args),
    output: (...args) => executor.output(...args),
    kill: (...args) => executor.kill(...args),
    list: (...args) => executor.list(...args),
    reap: (...args) => executor.reap(...args),
    ...(send && { send }),
    ...(unavailable && { unavailable }),
    ...(basis && { basis }),
    ...(leftovers && { leftovers }),
    ...(close && { close }),
  }
}
