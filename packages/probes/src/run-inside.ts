import type { CallOptions, Executor, LaunchSpec } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endOf } from './end-of.ts'
import type { Probe } from './report.ts'
import type { ProbeKind } from './targets.ts'

const inSource = import.meta.url.endsWith('.ts')
const program = fileURLToPath(new URL(inSource ? './inside.ts' : './inside.js', import.meta.url))
const timeoutMs = 120_000
const mostOutput = 1024 * 1024

type Tries = Readonly<Record<string, ProbeKind>>

interface Inside {
  /** Folder of the host that the program works in. */
  readonly workspace: string
  /** How Node is called inside. */
  readonly node: string
  /** Arguments of the program. */
  readonly argv: readonly string[]
  /** What is made of its launch. Default: nothing. */
  readonly changed?: (spec: LaunchSpec) => LaunchSpec
}

/**
 * Runs the program inside to its end; gives what came of tries that it made. Errors: those of `Executor`; `UNAVAILABLE` where
 * there is no room for it, and, from what it gives, where it did not come to its end.
 */
export async function runInside(
  executor: Executor,
  id: string,
  { workspace, node, argv, changed = (spec) => spec }: Inside,
  call: CallOptions,
): Promise<(tries: Tries) => Probe[]> {
  const spec = {
    argv: [node, '/probe/' + (inSource ? 'inside.ts' : 'inside.js'), ...argv],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    cwd: '/workspace',
    mounts: [
      { source: workspace, target: '/workspace', mode: 'read-write' as const },
      { source: dirname(program), target: '/probe', mode: 'read-only' as const },
    ],
    timeoutMs,
    maxOutputBytes: mostOutput,
  }
  const answer = await executor.launch(id, changed(spec), call)
  if (answer.outcome === 'refused')
    throw new SeamError('UNAVAILABLE', `Executor ${executor.name} has no room for a probe now.`)
  let said = ''
  for await (const bytes of executor.output(id, 'stdout', 0, call)) said += Buffer.from(bytes).toString('utf8')
  const exit = await endOf(executor, id, call.signal)
  return (tries) => {
    const probes = read(said, tries)
    if (probes !== undefined) return probes
    throw new SeamError(
      'UNAVAILABLE',
      `The probe did not come to its end: ${exit.reason} ${exit.code ?? exit.detail ?? ''}`,
      { remedy: `Look whether ${node} runs inside.` },
    )
  }
}

/** What the program said, which ran in a place that is not trusted; `undefined` where it is not whole. */
function read(said: string, tries: Tries): Probe[] | undefined {
  const lines = new Map<string, Said>()
  for (const line of said.split('\n')) {
    const one = lineFrom(line)
    if (one !== undefined) lines.set(one.id, one)
  }
  if (!lines.has('end')) return undefined
  return Object.entries(tries).map(([id, { about }]) => {
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
