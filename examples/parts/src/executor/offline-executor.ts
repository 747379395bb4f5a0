import type { Executor, ExecutorGuarantees, Problem } from '@seamark/core'
import { SUPERVISED_GUARANTEES, supervisedExecutor } from '@seamark/supervisor'
import type { SupervisorOptions } from '@seamark/supervisor'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { starts } from './starts.ts'

export interface OfflineExecutorOptions extends SupervisorOptions {
  /** Name of this instance. Default `offline`. */
  readonly name?: string
}

const guarantees: ExecutorGuarantees = {
  // It sees the files and the processes of the host: only the network is taken away.
  isolation: { value: 'none', proof: 'tested' },
  network: { value: 'none', proof: 'tested' },
  filesystem: 'host',
  tree: { value: 'best-effort', proof: 'tested' },
  ...SUPERVISED_GUARANTEES,
}

/**
 * unshare(1) of util-linux 2.38 or newer. It becomes the program, so signals and exit codes are the program's own. Root needs no user
 * namespace, in which it could not open what belongs to others.
 */
const offline = (): readonly [string, ...string[]] => {
  const user = process.geteuid?.() === 0 ? [] : ['--user', '--map-current-user']
  return ['/usr/bin/unshare', ...user, '--net', '--']
}

/**
 * Runs each attempt as a process without any network, not even loopback, and otherwise not isolated: for programs that you trust
 * and that shall not download anything. One that means to gets out, such as by a service of the host that listens on a unix socket.
 * Errors: those of `processExecutor`.
 */
export function offlineExecutor(options: OfflineExecutorOptions): Executor {
  return {
    ...supervisedExecutor({
      ...options,
      kind: 'offline',
      name: options.name ?? 'offline',
      guarantees,
      async prepare(spec) {
        const { argv, env, cwd, stdin = 'none', timeoutMs, maxOutputBytes, limits } = spec
        return {
          // What is not there is started as it is: the supervisor then says so, where unshare would end with 127.
          argv: (await starts(spec)) ? [...offline(), ...argv] : argv,
          env,
          cwd,
          stdin,
          ...(timeoutMs !== undefined && { timeoutMs }),
          ...(maxOutputBytes !== undefined && { maxOutputBytes }),
          ...(limits !== undefined && { limits }),
        }
      },
    }),
    unavailable: () => problem(),
  }
}

/** Found by trying: a kernel may forbid namespaces to users, and a container may not have them. */
async function problem(): Promise<Problem | undefined> {
  const [program, ...args] = offline()
  return promisify(execFile)(program, [...args, '/bin/true'], { timeout: 10_000 }).then(
    () => undefined,
    () => ({
      code: 'UNAVAILABLE',
      message: 'unshare(1) can not make a namespace here.',
      remedy: 'Install util-linux 2.38 or newer, and allow user namespaces: sysctl kernel.unprivileged_userns_clone=1.',
    }),
  )
}
