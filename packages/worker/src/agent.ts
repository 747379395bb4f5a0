import type { AgentFile, AgentMcpServer, AgentParts, CallOptions, StepTask } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { SeamError } from '@seamark/kit'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blobs } from './blobs.ts'
import { joined } from './joined.ts'
import type { AttemptLayout } from './layout.ts'
import { lookThroughLaunch } from './look-for-secrets.ts'
import { isContained } from './path-bytes.ts'

/** Among the inputs, where no name of one can be. */
const FOLDER = '.agent'
const INPUT = '.input.json'

/** What the program of a step sees of its agent and its input, by variables. */
export function agentEnv({ step, item }: StepTask, inputs: string): Readonly<Record<string, string>> {
  if (step !== 'main') return {}
  return {
    ...(item?.agentVersion && { SEAMARK_AGENT: join(inputs, FOLDER) }),
    ...(item?.input && { SEAMARK_INPUT: join(inputs, INPUT) }),
  }
}

/**
 * Lays out the version of an agent that an item was pinned to, and what the item gives it, read-only among the inputs; keeps what its
 * runtime needs where no attempt can change it. Errors: `NOT_FOUND`, `INTEGRITY`; `FORBIDDEN` for a secret in it.
 */
export async function placeAgent(
  { step, item }: StepTask,
  { inputs, agent }: AttemptLayout,
  blobs: Blobs,
  secrets: RedactionTable | undefined,
  options?: CallOptions,
): Promise<void> {
  if (step !== 'main') return
  if (item?.input !== undefined) await place(join(inputs, INPUT), `${JSON.stringify(item.input, undefined, 2)}\n`)
  if (item?.agentVersion === undefined) return
  const manifest: unknown = JSON.parse((await joined(blobs.fetch(item.agentVersion.manifest, options))).toString())
  const files: { path: string; bytes: Buffer; mode: number }[] = []
  for (const { path, ...blob } of filesOf(manifest))
    files.push({ path, bytes: await joined(blobs.fetch(blob, options)), mode: 0o444 })
  if (secrets !== undefined) lookThroughLaunch({ env: {}, files }, secrets)
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)))
  for (const folder of ['', ...folders]) {
    await mkdir(join(inputs, FOLDER, folder))
    await chmod(join(inputs, FOLDER, folder), 0o755)
  }
  for (const { path, bytes } of files) await place(join(inputs, FOLDER, path), bytes)
  const text = (...paths: string[]) => files.find(({ path }) => paths.includes(path))?.bytes.toString()
  const instructions = text('AGENTS.md', 'CLAUDE.md')
  const skills = files.filter(({ path }) => path.startsWith('skills/'))
  const kept: KeptParts = {
    ...(instructions !== undefined && { instructions }),
    skills: skills.map(({ path, bytes }) => ({ path: path.slice('skills/'.length), base64: bytes.toString('base64') })),
    mcp: text('.mcp.json') ?? '{"mcpServers":{}}',
  }
  await writeFile(agent, JSON.stringify(kept))
}

/** Readable by the sandbox's user, who owns none of it. */
async function place(target: string, bytes: string | Uint8Array): Promise<void> {
  await writeFile(target, bytes, { flag: 'wx', mode: 0o600 })
  await chmod(target, 0o444)
}

/** Those that a path is in, from the top. */
function foldersOf(path: string): readonly string[] {
  const steps = path.split('/').slice(0, -1)
  return steps.map((_, at) => steps.slice(0, at + 1).join('/'))
}

/** What of its agent the program of a step is given: the same before the launch and after a restart. */
export async function agentParts({ step, item }: StepTask, { agent }: AttemptLayout): Promise<AgentParts | undefined> {
  if (step !== 'main' || item?.agentVersion === undefined) return undefined
  const kept: unknown = JSON.parse(await readFile(agent, 'utf8'))
  if (!isKept(kept)) throw damaged()
  const { instructions, skills, mcp } = kept
  const servers: unknown = JSON.parse(mcp)
  if (!hasServers(servers)) throw damaged()
  return {
    ...(instructions !== undefined && { instructions }),
    skills: skills.map(({ path, base64 }) => ({ path, bytes: Buffer.from(base64, 'base64') })),
    mcpServers: servers.mcpServers,
  }
}

interface KeptParts {
  readonly instructions?: string
  readonly skills: readonly { readonly path: string; readonly base64: string }[]
  readonly mcp: string
}

function damaged(): SeamError {
  return new SeamError('INTEGRITY', 'What is kept of an agent is of another shape.', { remedy: 'Push it again.' })
}

// Of the digest that the item was pinned to, or written by this worker: what was checked when it was pushed.
function filesOf(manifest: unknown): readonly AgentFile[] {
  if (!isManifest(manifest) || !manifest.files.every(({ path }) => isContained(path))) throw damaged()
  return manifest.files
}

function isManifest(value: unknown): value is { readonly files: readonly AgentFile[] } {
  return typeof value === 'object' && value !== null && 'files' in value && Array.isArray(value.files)
}

function isKept(value: unknown): value is KeptParts {
  return typeof value === 'object' && value !== null && 'skills' in value && 'mcp' in value
}

function hasServers(value: unknown): value is { readonly mcpServers: Readonly<Record<string, AgentMcpServer>> } {
  return typeof value === 'object' && value !== null && 'mcpServers' in value
}
