import type { Executor, Worker } from '@seamark/core'
import type { Claim } from './claim.ts'
import { executorMethods } from './executor-methods.ts'

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

/** An executor that starts, ends and feeds attempts only while its service has the folder. */
export function claimedExecutor(executor: Executor, claim: Claim): Executor {
  const { launch, kill, reap, send, ...rest } = executorMethods(executor)
  return {
    ...rest,
    spec: executor.spec,
    kind: executor.kind,
    name: executor.name,
    // Some learn what they promise from the place they stand on.
    get guarantees() {
      return executor.guarantees
    },
    launch: (id, spec, options) => claim.during(options, (call) => launch(id, spec, call)),
    kill: (id, options) => claim.during(options, (call) => kill(id, call)),
    reap: (id, options) => claim.during(options, (call) => reap(id, call)),
    ...(send && { send: (id, bytes, options) => claim.during(options, (call) => send(id, bytes, call)) }),
  }
}
