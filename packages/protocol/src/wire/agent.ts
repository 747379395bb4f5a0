import type { AgentDefinition, AgentFile } from '@seamark/core'
import { z } from 'zod'
import { AGENT_LIMITS } from '../agent/limits.ts'
import { agentFile } from '../agent/manifest.ts'
import { agentSchema } from '../agent/schema.ts'
import { count, digest, jsonObject, maybe } from './exact.ts'

/** A version of an agent, as a list shows it. */
export interface AgentView {
  readonly name: string
  readonly version: number
  /** Of its manifest. */
  readonly digest: string
  readonly files: number
  /** Bytes of all of them together. */
  readonly size: number
  readonly pushedBy: string
  /** Epoch milliseconds. */
  readonly pushedAt: number
  /** Epoch milliseconds since which no plan may name it. */
  readonly removedAt?: number
}

const about = {
  name: z.string(),
  version: count,
  digest: digest.describe('Of its manifest.'),
  files: count,
  size: count.describe('Bytes of all files together.'),
  pushedBy: z.string(),
  pushedAt: count,
  removedAt: maybe(count.describe('Since then no plan may name it.')),
}

export const agentView: z.ZodType<AgentView> = z.object(about)

export interface AgentList {
  readonly agents: readonly AgentView[]
}
export const agentList: z.ZodType<AgentList> = z.object({ agents: z.array(agentView) })

/** A version with all that it says. */
export interface AgentDetail extends Omit<AgentView, 'files'> {
  readonly definition: AgentDefinition
  readonly files: readonly AgentFile[]
}
export const agentDetail: z.ZodType<AgentDetail> = z.object({
  ...about,
  definition: agentSchema,
  files: z.array(agentFile),
})

/** What is pushed: a definition, which is checked as `agent.yaml` is, and the bytes of the files beside it. */
export interface PushBody {
  readonly definition: Readonly<Record<string, unknown>>
  readonly files: readonly { readonly path: string; readonly base64: string }[]
}
export const pushBody: z.ZodType<PushBody> = z.strictObject({
  definition: jsonObject.describe('What agent.yaml says.'),
  files: z
    .array(z.strictObject({ path: z.string(), base64: z.base64() }))
    .describe(`At most ${AGENT_LIMITS.files} files of ${AGENT_LIMITS.totalBytes} bytes together.`),
})

/** Bytes of a body that holds an agent as large as one may be. */
export const PUSH_BYTES: number = 2 * AGENT_LIMITS.totalBytes

export interface PushAnswer extends AgentView {
  /** False where the same was there already. */
  readonly created: boolean
}
export const pushAnswer: z.ZodType<PushAnswer> = z.object({ ...about, created: z.boolean() })

export interface Removed {
  /** False where it was removed before. */
  readonly removed: boolean
}
export const removed: z.ZodType<Removed> = z.object({ removed: z.boolean() })
