import type { AgentDefinition, AgentFile, AgentManifest } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { digest, count } from '../wire/exact.ts'
import { agentSchema } from './schema.ts'

/** A manifest, and its bytes as they are stored: they have the agent's digest. */
export interface WrittenManifest {
  readonly manifest: AgentManifest
  readonly bytes: Uint8Array
  /** SHA-256 of `bytes`, lower-case hex. */
  readonly digest: string
}

/** The manifest of an agent. The order of the files does not matter. */
export function writeManifest(definition: AgentDefinition, files: readonly AgentFile[]): WrittenManifest {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const manifest: AgentManifest = { v: 1, definition, files: sorted }
  const bytes = Buffer.from(canonicalize(manifest) ?? '')
  return { manifest, bytes, digest: sha256Hex(bytes) }
}

export const agentFile: z.ZodType<AgentFile> = z.strictObject({ path: z.string(), sha256: digest, size: count })

/** A manifest as it was stored. */
export const agentManifest: z.ZodType<AgentManifest> = z.strictObject({
  v: z.literal(1),
  definition: agentSchema,
  files: z.array(agentFile),
})
