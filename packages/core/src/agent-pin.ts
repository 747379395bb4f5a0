import type { BlobRef } from './seam.ts'

/** A text that an agent's program reads as instructions, or what it may use. */
export interface AgentInstruction {
  /** In the agent's folder. Of the options of a runtime: `instructions`, `skills/NAME/SKILL.md`, or `mcpServers`. */
  readonly path: string
  /** Lower-case hex SHA-256 of its bytes; of `mcpServers` that of their JSON, without values of `env` and `headers`. */
  readonly sha256: string
}

/** The version of an agent that an item was pinned to when it was submitted. */
export interface AgentPin {
  readonly version: number
  /** Its manifest; the digest is that of the agent. */
  readonly manifest: BlobRef
  /** `AGENTS.md` or `CLAUDE.md`, and the `SKILL.md` of each skill. */
  readonly instructions: readonly AgentInstruction[]
}

/** The version of an agent that was launched. */
export interface LaunchedAgent {
  readonly name: string
  readonly version: number
  /** That of its manifest. */
  readonly digest: string
  readonly instructions: readonly AgentInstruction[]
}
