import type { ExitReason } from '@seamark/core'

/** Every way in which a process tree ends. */
export const EXIT_REASONS: readonly ExitReason[] = [
  'exited',
  'signaled',
  'killed',
  'timeout',
  'idle',
  'output',
  'memory',
  'pids',
  'disk',
  'interrupted',
  'not-started',
]
