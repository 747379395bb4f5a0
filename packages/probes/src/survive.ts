import type { CallOptions, Executor } from '@seamark/core'
import { launchId, sleep } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { endOf } from './end-of.ts'
import type { Probe } from './report.ts'
import type { ProbeKind } from './targets.ts'

/** A process that leaves its session and its parents, hears no signal that can be ignored, and shows that it lives. */
const survivor = `const { spawn } = require('child_process')
  if (process.argv[1] === 'child') {
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) process.on(name, () => {})
    setInterval(() => require('fs').appendFileSync('alive', '.'), 10)
  } else {
    spawn(process.execPath, ['-e', process.env.SURVIVOR, 'child'], { detached: true, stdio: 'ignore' }).unref()
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) process.on(name, () => {})
    setInterval(() => {}, 1e6)
  }`

export const SURVIVES: ProbeKind & { readonly id: string } = {
  id: 'tree/survives-kill',
  about: 'A process of it lives on after whoever owns it has killed it.',
}
const startsMs = 15_000
const looksMs = 300

/** Has an attempt killed, and looks whether anything of it goes on. Errors: those of `Executor`. */
export async function survive(executor: Executor, dir: string, node: string, options: CallOptions): Promise<Probe> {
  const id = launchId('probe', randomUUID(), 'survive', 1, 'main')
  const workspace = join(dir, `probe-${randomUUID()}`)
  mkdirSync(workspace, { recursive: true, mode: 0o700 })
  const size = () => {
    const path = join(workspace, 'alive')
    return existsSync(path) ? statSync(path).size : 0
  }
  const probe = (outcome: Probe['outcome']): Probe => ({ ...SURVIVES, outcome })
  try {
    const answer = await executor.launch(
      id,
      {
        argv: [node, '-e', survivor],
        env: { PATH: '/usr/local/bin:/usr/bin:/bin', SURVIVOR: survivor },
        cwd: '/workspace',
        mounts: [{ source: workspace, target: '/workspace', mode: 'read-write' }],
        timeoutMs: 60_000,
      },
      options,
    )
    if (answer.outcome === 'refused') return probe('not-tried')
    for (const until = Date.now() + startsMs; size() === 0 && Date.now() < until;) await sleep(20, options.signal)
    if (size() === 0) return probe('not-tried')
    await executor.kill(id, options)
    await endOf(executor, id, options.signal)
    const last = size()
    await sleep(looksMs, options.signal)
    return probe(size() > last ? 'escaped' : 'held')
  } finally {
    await executor.reap(id)
    rmSync(workspace, { recursive: true, force: true })
  }
}
