import type { Executor, Worker } from '@seamark/core'
import type { Claim } from './claim.ts'

/** A worker that touches an attempt's files only while its service has the folder. */
export function claimedWorker(worker: Worker, claim: Claim): Worker {
  return {
    layerOf: (...args) => worker.layerOf(...args),
    hasLayer: (...args) => worker.hasLayer(...args),
    prepare: (task, executor, options) =>
      claim.during(options, (call) => worker.prepare(task, executor, { ...options, ...call })),
    follow: (task, executor, exit, options) =>
      claim.during(options, (call) => worker.follow(task, executor, exit, { ...options, ...call })),
    capture: (task, executor, exit, options) =>
      claim.during(options, (call) => worker.capture(task, executor, exit, { ...options, ...call })),
    release: (task, options) => claim.during(options, (call) => worker.release(task, call)),
  }
}

/**
 * An executor that starts, ends and feeds attempts only while its service has the folder. Every method is named, as those
 * of an object that a class made need it as `this`.
 */
export function claimedExecutor(executor: Executor, claim: Claim): Executor {
  const send = executor.send?.bind(executor)
  const unavailable = executor.unavailable?.bind(executor)
  const leftovers = executor.leftovers?.bind(executor)
  const close = executor.close?.bind(executor)
  return {
    spec: executor.spec,
    kind: executor.kind,
    name: executor.name,
    // Some learn what they promise from the place they stand on.
    get guarantees() {
      return executor.guarantees
    },
    launch: (id, spec, options) => claim.during(options, (call) => executor.launch(id, spec, call)),
    attach: (...args) => executor.attach(...args),
    events: (...args) => executor.events(...args),
    output: (...args) => executor.output(...args),
    kill: (id, options) => claim.during(options, (call) => executor.kill(id, call)),
    list: (...args) => executor.list(...args),
    reap: (id, options) => claim.during(options, (call) => executor.reap(id, call)),
    ...(send && { send: (id, bytes, options) => claim.during(options, (call) => send(id, bytes, call)) }),
    ...(unavailable && { unavailable }),
    ...(leftovers && { leftovers }),
    ...(close && { close }),
  }
}
