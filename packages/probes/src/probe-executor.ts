import type { Executor } from '@seamark/core'
import { launchId, SeamError, sleep } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explode } from './bombs.ts'
import { endOf } from './end-of.ts'
import { layOut } from './host.ts'
import type { LaidOut } from './host.ts'
import type { Probe, ProbeReport } from './report.ts'
import { hostHere } from './signed-report.ts'
import { survive } from './survive.ts'
import type { ProbeKind } from './targets.ts'
import { TRIES } from './tries.ts'

export interface ProbeOptions {
  /** A folder in which attempts of this executor may have their workspaces. */
  readonly dir: string
  /** How Node is called inside. Default `node`. */
  readonly node?: string
  /** Epoch milliseconds. */
  readonly now: number
  /** What the result holds for besides what the executor says of itself, such as the version of the service. */
  readonly basis?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

const inSource = import.meta.url.endsWith('.ts')
const program = fileURLToPath(new URL(inSource ? './inside.ts' : './inside.js', import.meta.url))
const timeoutMs = 120_000
const lastWordsMs = 300
const mostOutput = 1024 * 1024

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
    const { dir, node = 'node', signal } = options
    const call = signal === undefined ? {} : { signal }
    // Before anything is tried: what is made with other things meanwhile was not probed.
    const basis = { ...options.basis, ...(await executor.basis?.(call)) }
    const probes = [
      ...(await tried(executor, options, workspace, laidOut)),
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
    const answer = await executor.launch(
      id,
      {
        argv: [node, '/probe/' + (inSource ? 'inside.ts' : 'inside.js'), 'targets'],
        env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
        cwd: '/workspace',
        mounts: [
          { source: workspace, target: '/workspace', mode: 'read-write' },
          { source: dirname(program), target: '/probe', mode: 'read-only' },
        ],
        timeoutMs,
        maxOutputBytes: mostOutput,
      },
      call,
    )
    if (answer.outcome === 'refused')
      throw new SeamError('UNAVAILABLE', `Executor ${executor.name} has no room for a probe now.`)
    let said = ''
    for await (const bytes of executor.output(id, 'stdout', 0, call)) said += Buffer.from(bytes).toString('utf8')
    const exit = await endOf(executor, id, signal)
    const size = left(workspace)
    await sleep(lastWordsMs, signal)
    const stayed = left(workspace) > size
    const probes = read(said)
    if (probes === undefined)
      throw new SeamError(
        'UNAVAILABLE',
        `The probe did not come to its end: ${exit.reason} ${exit.code ?? exit.detail ?? ''}`,
        {
          remedy: `Look whether ${node} runs inside.`,
        },
      )
    return [
      ...probes,
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

/** What the program said, which ran in a place that is not trusted; `undefined` where it is not whole. */
function read(said: string): Probe[] | undefined {
  const lines = new Map<string, Said>()
  for (const line of said.split('\n')) {
    const one = lineFrom(line)
    if (one !== undefined) lines.set(one.id, one)
  }
  if (!lines.has('end')) return undefined
  return Object.entries(TRIES).map(([id, { about }]) => {
    const { got, detail } = lines.get(id) ?? {}
    // Of what it does not tell, nothing was held.
    const outcome = got === 'nothing' ? 'held' : got === 'absent' ? 'not-tried' : 'escaped'
    return { id, about, outcome, ...(typeof detail === 'string' && { detail }) }
  })
}

interface Said {
  readonly id: string
  readonly got?: unknown
  readonly detail?: unknown
}

function lineFrom(line: string): Said | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
      ? { ...value, id: value.id }
      : undefined
  } catch {
    // Such as the warning of a program; the end is missed where something was cut.
    return undefined
  }
}
