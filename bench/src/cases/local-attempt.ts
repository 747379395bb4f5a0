import type { Executor, LaunchSpec } from '@seamark/core'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { join } from 'node:path'
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
    const attempts = watchAttempts(executor)
    try {
      const attempt = async (): Promise<number> => {
        const launchId = newLaunchId()
        const ms = await msOf(() => attempts.run(launchId))
        await executor.reap(launchId)
        return ms
      }
      const bare = () => msOf(() => line.run())
      await inTurn(20, attempt, bare)
      const taken = await inTurn(scale === 'quick' ? 200 : 500, attempt, bare)
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

const letters = 'abcdefghijklmnopqrstuvwxyz234567'

function newLaunchId(): string {
  return `sm${Array.from({ length: 32 }, () => letters[Math.floor(Math.random() * 32)]).join('')}`
}

/** Follows the events of an executor, as an engine does. */
function watchAttempts(executor: Executor): {
  run(launchId: string): Promise<void>
  close(): void
} {
  const closed = new AbortController()
  const waiting = new Map<string, () => void>()
  const follow = async (): Promise<void> => {
    for await (const { launchId, state } of executor.events(undefined, { signal: closed.signal }))
      if (state.state === 'exited') {
        if (state.exit.code !== 0) throw new Error(`An attempt ended: ${JSON.stringify(state.exit)}`)
        waiting.get(launchId)?.()
      }
  }
  const following = follow().catch((error: unknown) => {
    if (!closed.signal.aborted) throw error
  })
  return {
    async run(launchId) {
      const exited = new Promise<void>((resolve) => waiting.set(launchId, resolve))
      await executor.launch(launchId, spec)
      // Only its failure can come first.
      await Promise.race([exited, following])
      waiting.delete(launchId)
    },
    close: () => closed.abort(),
  }
}
