/** Every limit of an agent's folder. What is over one is refused with `LIMIT_EXCEEDED` and its place. */
export interface AgentLimits {
  /** Bytes of `agent.yaml`. */
  readonly definitionBytes: number
  /** Bytes of `AGENTS.md` or `CLAUDE.md`, of a `SKILL.md` and of `.mcp.json`. */
  readonly textBytes: number
  /** Files beside `agent.yaml`. */
  readonly files: number
  /** Skills, and MCP servers. */
  readonly parts: number
  /** Bytes of one file. */
  readonly fileBytes: number
  /** Bytes of all files together. */
  readonly totalBytes: number
  /** Bytes of a path. */
  readonly pathBytes: number
}

export const AGENT_LIMITS: AgentLimits = {
  definitionBytes: 256 * 1024,
  // It fits into an argument of a program.
  textBytes: 64 * 1024,
  files: 500,
  // Their digests fit into the record of a launch.
  parts: 32,
  fileBytes: 1024 * 1024,
  totalBytes: 4 * 1024 * 1024,
  pathBytes: 200,
}
