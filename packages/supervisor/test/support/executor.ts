import type { Executor } from '@seamark/core'
import { supervisedExecutor } from '../../src/index.ts'

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
      limits: {
        cpu: { value: 'none', proof: 'unproven' },
        memory: { value: 'none', proof: 'unproven' },
        pids: { value: 'none', proof: 'unproven' },
        disk: { value: 'none', proof: 'unproven' },
        wallClock: { value: 'enforced', proof: 'tested' },
      },
      input: true,
      outlivesService: true,
    },
    prepare: async ({ argv, env, cwd, stdin = 'none', timeoutMs, maxOutputBytes }) => ({
      argv,
      env,
      cwd,
      stdin,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(maxOutputBytes !== undefined && { maxOutputBytes }),
    }),
  })
}
