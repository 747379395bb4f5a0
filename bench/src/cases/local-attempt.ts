import type { LaunchSpec } from '@seamark/core'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { join } from 'node:path'
import { attemptsOf } from '../attempts.ts'
import type { Line, Scale } from '../line.ts'
import { sandboxLine } from '../sandbox-line.ts'
import { inTurn, median, msOf } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const what = 'local attempt, launch to exited of `true`'
const spec: LaunchSpec = { argv: ['/usr/bin/true'], env: { PATH: '/usr/bin:/bin' }, cwd: '/', mounts: [] }

/** From `launch` to the event that says that it has exited, in turn with the same line spawned by Node. */
export async function measure(scale: Scale): Promise<Line[]> {
  return inTemporary(async (dir) => {
    const line = await sandboxLine(spec, join(dir, 'bare'))
    if (!line.ok) return [{ what, skipped: line.reason }]
    const executor = sandboxExecutor({ dir: join(dir, 'data'), graceMs: 0 })
    const attempts = attemptsOf(executor, spec)
    try {
      const bare = () => msOf(() => line.run())
      await inTurn(20, attempts.run, bare)
      const taken = await inTurn(scale === 'quick' ? 200 : 500, attempts.run, bare)
      const measured = { value: median(taken.measured), unit: 'ms' }
      const baseline = { value: median(taken.baseline), unit: 'ms' }
      return [
        {
          what,
          measured,
          baseline,
          against: 'the same bubblewrap line spawned by Node (p50 of both)',
          bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.6 }],
        },
        {
          what: 'local attempt, beyond that line',
          measured: { value: measured.value - baseline.value, unit: 'ms' },
          bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 3 }],
        },
      ]
    } finally {
      attempts.close()
      await executor.close?.()
    }
  })
}
