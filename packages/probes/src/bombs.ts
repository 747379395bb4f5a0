import type { CallOptions, Executor, ExitReason, LaunchLimits } from '@seamark/core'
import { launchId } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { endOf } from './end-of.ts'
import type { Probe } from './report.ts'

const MiB = 1024 * 1024
const timeoutMs = 30_000

interface Bomb {
  readonly id: 'limit/memory' | 'limit/pids' | 'limit/disk'
  readonly about: string
  readonly name: 'memory' | 'pids' | 'disk'
  readonly limits: LaunchLimits
  /** Of Node. Each stops by itself, far over its limit. */
  readonly script: string
}

export const BOMBS: readonly Bomb[] = [
  {
    id: 'limit/memory',
    about: 'It takes more memory than its limit and goes on.',
    name: 'memory',
    limits: { memoryBytes: 256 * MiB },
    script: `const a = []; while (a.length < 256) a.push(Buffer.alloc(${4 * MiB}, 1))`,
  },
  {
    id: 'limit/pids',
    about: 'It starts more processes than its limit and goes on.',
    name: 'pids',
    limits: { pids: 64 },
    script: `for (let i = 0; i < 400; i++)
      require('child_process').spawn('sleep', ['20'], { stdio: 'ignore' }).on('error', () => {})
      setTimeout(() => process.exit(0), 5000)`,
  },
  {
    id: 'limit/disk',
    about: 'It writes more to its workspace than its limit and goes on.',
    name: 'disk',
    limits: { diskBytes: 16 * MiB },
    script: `const { openSync, writeSync } = require('fs'), to = openSync('full', 'w')
      for (let i = 0; i < 128; i++) writeSync(to, Buffer.alloc(${MiB}, 1))
      setTimeout(() => process.exit(0), 5000)`,
  },
]

/** Goes over each limit that an executor promises, one after the other, and looks what its end is called. Errors: those of `Executor`. */
export async function explode(executor: Executor, dir: string, node: string, options: CallOptions): Promise<Probe[]> {
  const probes: Probe[] = []
  for (const { id, about, name, limits, script } of BOMBS) {
    if (executor.guarantees.limits[name].value === 'none') {
      probes.push({ id, about, outcome: 'not-tried', detail: 'it promises no such limit' })
      continue
    }
    const reason = await reasonOf(executor, join(dir, `probe-${randomUUID()}`), [node, '-e', script], limits, options)
    probes.push(
      reason === name
        ? { id, about, outcome: 'held' }
        : { id, about, outcome: 'escaped', detail: `its end is ${reason ?? 'refused'}` },
    )
  }
  return probes
}

async function reasonOf(
  executor: Executor,
  workspace: string,
  argv: readonly string[],
  limits: LaunchLimits,
  options: CallOptions,
): Promise<ExitReason | undefined> {
  const id = launchId('probe', randomUUID(), 'limit', 1, 'main')
  mkdirSync(workspace, { recursive: true, mode: 0o700 })
  try {
    const answer = await executor.launch(
      id,
      {
        argv,
        env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
        cwd: '/workspace',
        mounts: [{ source: workspace, target: '/workspace', mode: 'read-write' }],
        timeoutMs,
        limits,
      },
      options,
    )
    return answer.outcome === 'refused' ? undefined : (await endOf(executor, id, options.signal)).reason
  } finally {
    await executor.reap(id)
    rmSync(workspace, { recursive: true, force: true })
  }
}
