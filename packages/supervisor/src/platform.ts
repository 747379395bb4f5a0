import type { Problem } from '@seamark/core'

/**
 * Why no supervisor can run on a platform; `undefined` where one can. Pure. It tells a process from a later one with the
 * same id, and finds what is left of an attempt, by `/proc`: without that it could not keep what it promises.
 */
export function supervisorProblem(platform: NodeJS.Platform = process.platform): Problem | undefined {
  if (platform === 'linux') return undefined
  return {
    code: 'UNSUPPORTED',
    message: `Attempts on this machine need Linux: their supervisor watches them through /proc, which ${platform} does not have.`,
    remedy:
      'Run the service on Linux, such as in a virtual machine, or configure only executors that run attempts elsewhere.',
  }
}
