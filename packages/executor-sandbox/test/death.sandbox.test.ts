import { launchId, sleep } from '@seamark/kit'
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sandboxExecutor } from '../src/index.ts'
import { until } from './support/see.ts'
import { supervisorOf } from './support/supervisor-of.ts'

describe('when the supervisor is killed', () => {
  it('10 times at random instants, sandboxes die with it, end as lost and never run twice', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'seamark-death-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const executor = sandboxExecutor({ dir, graceMs: 50 })
    const workspace = join(dir, 'workspace')
    mkdirSync(workspace)
    const mounts = [{ source: workspace, target: '/workspace', mode: 'read-write' as const }]
    const script =
      'echo "$1" >> /workspace/runs; setsid sh -c "while :; do echo x >> /workspace/signs; sleep 0.02; done" & sleep 50'
    const ids: string[] = []
    for (let round = 0; round < 10; round++) {
      const mine = Array.from({ length: 4 }, (_, n) =>
        launchId('test', 'death', `${process.pid}-${round}`, n + 1, 'main'),
      )
      ids.push(...mine)
      const launches = mine.map((id) =>
        executor.launch(id, {
          argv: ['/bin/sh', '-c', script, 'sh', id],
          env: { PATH: '/usr/bin:/bin' },
          cwd: '/',
          mounts,
        }),
      )
      await Promise.race([launches[0], sleep(5000)])
      await sleep(Math.random() * 30)
      process.kill(await supervisorOf(dir), 'SIGKILL')
      await Promise.allSettled(launches)
    }
    // Those of the last round were launched by a new supervisor, after the answer was lost with the old one.
    await until(async () => (await executor.attach(ids[0] ?? '')).state === 'lost', 'the first is lost')
    process.kill(await supervisorOf(dir), 'SIGKILL')
    await until(async () => {
      const before = sizeOf(join(workspace, 'signs'))
      await sleep(200)
      return sizeOf(join(workspace, 'signs')) === before
    }, 'nothing is alive, with no supervisor to kill it')
    for (const id of ids) expect(['lost', 'unknown']).toContain((await executor.attach(id)).state)
    const runs = readFileSync(join(workspace, 'runs'), 'utf8').trim().split('\n')
    expect(runs.length).toBe(new Set(runs).size)
    expect(runs.length).toBeGreaterThan(10)
    await executor.close?.()
  })
})

function sizeOf(path: string): number {
  return readFileSync(path).byteLength
}
