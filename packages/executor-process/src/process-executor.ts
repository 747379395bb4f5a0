import type { Executor, ExecutorGuarantees } from '@seamark/core'
import { SUPERVISED_GUARANTEES, supervisedExecutor, type SupervisorOptions } from '@seamark/supervisor'

export interface ProcessExecutorOptions extends SupervisorOptions {
  /** The name of this instance. Default `process`. */
  readonly name?: string
}

/**
 * Runs each attempt as a process of the service's user, in a session of its own. **Nothing is
 * isolated**: it sees the host's files, network and processes. Mounts change nothing; their target
 * must be their source. A process that leaves the session is found by `SEAMARK_LAUNCH_ID` in its
 * environment; one that also drops that is not, which is why `tree` is `best-effort`.
 *
 * Errors: those of `Executor`; `UNAVAILABLE` when the supervisor of the data folder can not be reached.
 */
export function processExecutor(options: ProcessExecutorOptions): Executor {
  return supervisedExecutor({
    ...options,
    kind: 'process',
    name: options.name ?? 'process',
    guarantees,
    async prepare({ argv, env, cwd, stdin = 'none', timeoutMs, maxOutputBytes, limits }) {
      return {
        argv,
        env,
        cwd,
        stdin,
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(maxOutputBytes !== undefined && { maxOutputBytes }),
        ...(limits !== undefined && { limits }),
      }
    },
  })
}

const guarantees: ExecutorGuarantees = {
  isolation: { value: 'none', proof: 'tested' },
  network: { value: 'host', proof: 'tested' },
  filesystem: 'host',
  tree: { value: 'best-effort', proof: 'tested' },
  ...SUPERVISED_GUARANTEES,
}
