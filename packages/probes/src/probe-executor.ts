import type { Egress, Executor } from '@seamark/core'
import { launchId, SeamError, sleep } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explode } from './bombs.ts'
import { layOut } from './host.ts'
import type { LaidOut } from './host.ts'
import type { Probe, ProbeReport } from './report.ts'
import { runInside } from './run-inside.ts'
import { hostHere } from './signed-report.ts'
import { survive } from './survive.ts'
import type { ProbeKind } from './targets.ts'
import { TRIES } from './tries.ts'
import { tryWayOut } from './way-out.ts'

export interface ProbeOptions {
  /** A folder in which attempts of this executor may have their workspaces. */
  readonly dir: string
  /** How Node is called inside. Default `node`. */
  readonly node?: string
  /** Epoch milliseconds. */
  readonly now: number
  /** What the result holds for besides what the executor says of itself, such as the version of the service. */
  readonly basis?: Readonly<Record<string, string>>
  /** What leads attempts out: with it all of the network is tried again with a way out open. Default: none is opened. */
  readonly egress?: Egress
  readonly signal?: AbortSignal
}

const lastWordsMs = 300

/**
 * Starts an attempt that tries to get out, and tells what held: what it says itself, and what was seen from outside.
 *
 * Errors: those of `Executor`; `UNAVAILABLE` where the attempt did not come to its end, so that nothing is known;
 * `UNSUPPORTED` for an executor without a file system of its own, which holds nothing back.
 */
export async function probeExecutor(executor: Executor, options: ProbeOptions): Promise<ProbeReport> {
  if (executor.guarantees.filesystem !== 'private')
    throw new SeamError(
      'UNSUPPORTED',
      `Executor ${executor.name} declares no isolation, so there is nothing to probe.`,
      {
        remedy: 'Probe one that does, such as sandbox.',
      },
    )
  const workspace = join(options.dir, `probe-${randomUUID()}`)
  mkdirSync(workspace, { recursive: true, mode: 0o700 })
  const laidOut = await layOut(options.dir)
  try {
    const { dir, node = 'node', egress, signal } = options
    const call = signal === undefined ? {} : { signal }
    // Before anything is tried: what is made with other things meanwhile was not probed.
    const basis = { ...options.basis, ...(await executor.basis?.(call)) }
    const probes = [
      ...(await tried(executor, options, workspace, laidOut)),
      ...(egress === undefined ? [] : await tryWayOut(executor, egress, { dir, node, host: laidOut }, call)),
      await survive(executor, dir, node, call),
      ...(await explode(executor, dir, node, call)),
    ]
    return {
      version: 1,
      executor: { kind: executor.kind, name: executor.name },
      host: hostHere(),
      basis,
      at: options.now,
      probes,
    }
  } finally {
    await laidOut.close()
    rmSync(workspace, { recursive: true, force: true })
  }
}

async function tried(
  executor: Executor,
  { node = 'node', signal }: ProbeOptions,
  workspace: string,
  host: LaidOut,
): Promise<Probe[]> {
  const id = launchId('probe', randomUUID(), 'probe', 1, 'main')
  const call = signal === undefined ? {} : { signal }
  writeFileSync(join(workspace, 'targets'), JSON.stringify(host.targets), { mode: 0o600 })
  try {
    const ran = await runInside(executor, id, { workspace, node, argv: ['targets'] }, call)
    const size = left(workspace)
    await sleep(lastWordsMs, signal)
    const stayed = left(workspace) > size
    return [
      ...ran(TRIES),
      seen('tree/left-behind', size === 0 ? 'not-tried' : stayed ? 'escaped' : 'held'),
      seen('network/arrived', host.arrived() > 0 ? 'escaped' : 'held'),
      seen('process/killed', host.alive() ? 'held' : 'escaped'),
    ]
  } finally {
    await executor.reap(id)
  }
}

type SeenId = 'tree/left-behind' | 'network/arrived' | 'process/killed'

/** What is seen from outside, whatever the program says. */
export const SEEN: Readonly<Record<SeenId, ProbeKind>> = {
  'tree/left-behind': { about: 'A process of it outlives its end.' },
  'network/arrived': { about: 'A connection of it arrives on the host.' },
  'process/killed': { about: 'It ends a process outside.' },
}

function seen(id: SeenId, outcome: Probe['outcome']): Probe {
  return { id, ...SEEN[id], outcome }
}

function left(workspace: string): number {
  const path = join(workspace, 'left-behind')
  return existsSync(path) ? statSync(path).size : 0
}
