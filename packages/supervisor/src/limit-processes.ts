import { spawn } from 'node:child_process'
import { release } from 'node:os'
import { sandboxIdentity } from './identity.ts'
import { SYSTEM_PATH } from './paths.ts'

/** Since when the kernel counts the processes of a user in each user namespace apart (getrlimit(2), RLIMIT_NPROC). */
const leastKernel = [5, 14] as const

/**
 * Sets the most processes and threads that a sandbox's user may have, while its first process waits. Before Linux 5.14, or
 * without `prlimit` (util-linux), it does nothing: then they are counted only.
 */
export function limitProcesses(pid: number, most: number): Promise<void> {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  if (major < leastKernel[0] || (major === leastKernel[0] && minor < leastKernel[1])) return Promise.resolve()
  return new Promise((resolve) => {
    const child = spawn('prlimit', ['--pid', String(pid), `--nproc=${most}:${most}`], {
      env: { PATH: SYSTEM_PATH },
      cwd: '/',
      stdio: 'ignore',
      // As its own user: over another's, root needs a capability that it has not in most containers.
      ...sandboxIdentity(),
    })
    // They are counted in any case.
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
}
