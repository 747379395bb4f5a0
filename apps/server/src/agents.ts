import type { AgentFile, AgentManifest, CallOptions, Principal, Problem } from '@seamark/core'
import { blobKey, SeamError, sha256Hex } from '@seamark/kit'
import { readAgents } from '@seamark/orchestrator'
import type { AgentVersion } from '@seamark/orchestrator'
import {
  agentManifest,
  agentReference,
  checkAgentDefinition,
  checkAgentFiles,
  isInstruction,
  MCP_FILE,
  parseMcpServers,
  writeManifest,
} from '@seamark/protocol'
import type {
  AgentDetail,
  AgentList,
  PlanAgent,
  PlanDeployment,
  PushAnswer,
  PushBody,
  Removed,
} from '@seamark/protocol'
import { isUtf8 } from 'node:buffer'
import type { Deployment } from './deployment.ts'
import { readBlob } from './patch.ts'

/** Bytes of a manifest: its files' names and digests are beside its definition. */
const MANIFEST_BYTES = 1024 * 1024

/**
 * Makes an agent's files and its manifest durable, then lets plans name it. Errors: `INVALID_INPUT` and `LIMIT_EXCEEDED` with all
 * problems; those of the storage and of `Engine.pushAgent`.
 */
export async function pushAgent(
  deployment: Deployment,
  principal: Principal,
  { definition: written, files }: PushBody,
  options: CallOptions,
): Promise<PushAnswer> {
  const { ns, storage } = deployment
  const engine = await deployment.requireEngine()
  const bodies = files.map(({ path, base64 }) => ({ path, bytes: Buffer.from(base64, 'base64') }))
  const sizes = bodies.map(({ path, bytes }) => ({ path, size: bytes.byteLength }))
  const result = checkAgentDefinition(written)
  const problems = [...(result.ok ? [] : result.problems), ...checkAgentFiles(sizes), ...bodies.flatMap(wrongIn)]
  const [first] = problems
  if (first !== undefined || !result.ok)
    throw new SeamError(first?.code ?? 'INTERNAL', first?.message ?? 'The agent was refused without a reason.', {
      problems,
    })
  const about = bodies.map(({ path, bytes }): AgentFile => ({ path, size: bytes.byteLength, sha256: sha256Hex(bytes) }))
  const { bytes: manifest, digest } = writeManifest(result.agent.definition, about)
  const put = (bytes: Uint8Array, sha256: string) =>
    storage.put(blobKey(ns, sha256), bytes, { ifAbsent: true, size: bytes.byteLength, sha256, ...options })
  for (const { bytes } of bodies) await put(bytes, sha256Hex(bytes))
  await put(manifest, digest)
  const { name, version } = result.agent.definition
  const size = sizes.reduce((sum, file) => sum + file.size, 0)
  const { created } = await engine.pushAgent(principal, { name, version, digest, files: files.length, size })
  return { ...find(engine.agents(), `${name}@${version}`), created }
}

function wrongIn({ path, bytes }: { readonly path: string; readonly bytes: Buffer }): readonly Problem[] {
  if (path === MCP_FILE) {
    const read = parseMcpServers(bytes)
    return read.ok ? [] : read.problems
  }
  if (!isInstruction(path) || (isUtf8(bytes) && !bytes.includes(0) && bytes.toString().trim() !== '')) return []
  const pointer = `/files/${path.replaceAll('/', '~1')}`
  return [{ code: 'INVALID_INPUT', message: `${path} holds no text.`, remedy: 'Save it as UTF-8.', place: { pointer } }]
}

/** All versions, as the records have them where this service does not lead. Errors: those of the journal. */
export async function listAgents(deployment: Deployment): Promise<AgentList> {
  return { agents: await agentsOf(deployment) }
}

async function agentsOf({ engine, ns, journal }: Deployment): Promise<readonly AgentVersion[]> {
  return engine?.agents() ?? readAgents(ns, journal)
}

/** One version with what it says. Errors: `NOT_FOUND`, `INTEGRITY`, those of the journal. */
export async function showAgent(deployment: Deployment, text: string, options: CallOptions): Promise<AgentDetail> {
  const agent = find(await agentsOf(deployment), text)
  const { definition, files } = (await readManifest(deployment, agent.digest, options)).manifest
  return { ...agent, definition, files }
}

/** Errors: `NOT_FOUND`, `INVALID_INPUT` for a name without a version, `UNAVAILABLE`. */
export async function removeAgent(deployment: Deployment, principal: Principal, text: string): Promise<Removed> {
  const engine = await deployment.requireEngine()
  if (agentReference(text) === undefined)
    throw new SeamError('INVALID_INPUT', 'One version is removed at a time.', { remedy: `Write ${text}@VERSION.` })
  const { name, version } = find(engine.agents(), text)
  return engine.removeAgent(principal, name, version)
}

/** What plans may know of the versions that they name; `null` of what is not there, or was removed. Errors: `INTEGRITY`, those of the journal. */
export async function lookUpAgents(
  deployment: Deployment,
  named: readonly string[],
  { signal }: CallOptions,
): Promise<NonNullable<PlanDeployment['versions']>> {
  // What does not lead has no engine, and still must say of a plan what the one that runs it would.
  const agents = (await agentsOf(deployment)).filter(({ removedAt }) => removedAt === undefined)
  const found: Record<string, PlanAgent | null> = {}
  for (const text of named) {
    const agent = lookUp(agents, text)
    if (agent === undefined) {
      found[text] = null
      continue
    }
    const { manifest, size } = await readManifest(deployment, agent.digest, signal === undefined ? {} : { signal })
    const result = checkAgentDefinition(manifest.definition)
    if (!result.ok)
      throw new SeamError('UNSUPPORTED', `This version can not hold agent ${text} to what it says.`, {
        problems: result.problems,
        remedy: 'Push it again as a new version.',
      })
    found[text] = { manifest: { sha256: agent.digest, size }, files: manifest.files, ...result.agent }
  }
  return found
}

/** The manifest of a version that was pushed. Errors: those of `readBlob`, `INTEGRITY` where it is another. */
export async function readManifest(
  deployment: Deployment,
  digest: string,
  options: CallOptions & { readonly run?: string },
): Promise<{ readonly manifest: AgentManifest; readonly size: number }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of readBlob(deployment, digest, options)) {
    size += chunk.byteLength
    if (size > MANIFEST_BYTES) break
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (sha256Hex(bytes) !== digest)
    throw new SeamError('INTEGRITY', `The manifest ${digest} of an agent is not what was stored.`)
  const value: unknown = JSON.parse(bytes.toString())
  return { manifest: agentManifest.parse(value), size: bytes.byteLength }
}

/** By `NAME@VERSION`, digest, or `NAME` for the newest that is not removed. */
function lookUp(agents: readonly AgentVersion[], text: string): AgentVersion | undefined {
  const of = agentReference(text)
  return agents.findLast(({ name, version, digest, removedAt }) => {
    if (of === undefined) return name === text && removedAt === undefined
    return 'digest' in of ? digest === of.digest : name === of.name && version === of.version
  })
}

/** Errors: `NOT_FOUND`. */
function find(agents: readonly AgentVersion[], text: string): AgentVersion {
  const found = lookUp(agents, text)
  if (found !== undefined) return found
  throw new SeamError('NOT_FOUND', `There is no agent ${text}.`, { remedy: 'See `seamark agent list`.' })
}
