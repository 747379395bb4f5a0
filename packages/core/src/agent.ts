import type { PlanOutput, PlanPolicy } from './plan.ts'
import type { JsonObject } from './seam.ts'

/** One version of an agent, as `agent.yaml` says it. What it says holds for every item that names it; the rest is up to the item. */
export interface AgentDefinition {
  /** Also the name that its calls count under, where there is a budget of agents. */
  readonly name: string
  /** From 1. A version has one content, for ever. */
  readonly version: number
  readonly description?: string
  readonly runtime?: string
  readonly model?: string
  readonly effort?: string
  /** JSON Schema, draft 2020-12, that the `input` of an item must hold to. Absent: it takes none. */
  readonly input?: JsonObject
  /** Declared outputs of every item that names it. */
  readonly outputs?: readonly PlanOutput[]
  /** What it may use. It only narrows what the levels above it give. */
  readonly policy?: PlanPolicy
}

/** An MCP server of an agent, as `.mcp.json` has it. It is started, or reached, from inside the sandbox. */
export type AgentMcpServer =
  | {
      readonly type?: 'stdio'
      readonly command: string
      readonly args?: readonly string[]
      readonly env?: Readonly<Record<string, string>>
    }
  | { readonly type: 'http' | 'sse'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/** A file of an agent's folder beside `agent.yaml`. */
export interface AgentFile {
  /** `AGENTS.md`, `CLAUDE.md`, `.mcp.json`, or a path in `skills/`. */
  readonly path: string
  /** Lower-case hex SHA-256 of its bytes. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

/**
 * All of one version: its digest is the SHA-256, lower-case hex, of the RFC 8785 canonical JSON of this. How `agent.yaml` is laid
 * out has no part in it.
 */
export interface AgentManifest {
  readonly v: 1
  /** As it was written, without defaults. */
  readonly definition: AgentDefinition
  /** In ascending order of their paths, compared as UTF-16. */
  readonly files: readonly AgentFile[]
}

/** A part of an agent's folder that a runtime may give its program. */
export type AgentPart = 'instructions' | 'skills' | 'mcpServers'

/** What of an agent's folder the program of an attempt is given. */
export interface AgentParts {
  /** Text of `AGENTS.md` or `CLAUDE.md`. */
  readonly instructions?: string
  /** Files of its skills, by their paths below `skills/`. */
  readonly skills: readonly { readonly path: string; readonly bytes: Uint8Array }[]
  readonly mcpServers: Readonly<Record<string, AgentMcpServer>>
}
