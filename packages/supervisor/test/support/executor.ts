import type { Executor } from '@seamark/core'
import { SUPERVISED_GUARANTEES, supervisedExecutor } from '../../src/index.ts'

/** The plainest executor that a supervisor can have. */
export function testExecutor(dir: string, name = 'test', graceMs = 50): Executor {
  return supervisedExecutor({
    dir,
    graceMs,
    kind: 'test',
    name,
    guarantees: {
      isolation: { value: 'none', proof: 'tested' },
      network: { value: 'host', proof: 'tested' },
      filesystem: 'host',
      tree: { value: 'best-effort', proof: 'tested' },
      ...SUPERVISED_GUARANTEES,
    },
    prepare: async ({ argv, env, cwd, stdin = 'none', timeoutMs, maxOutputBytes, limits }) => ({
      argv,
      env,
      cwd,
      stdin,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(maxOutputBytes !== undefined && { maxOutputBytes }),
      ...(limits !== undefined && { limits }),
    }),
  })
}
