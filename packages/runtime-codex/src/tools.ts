import type { Json } from '@seamark/core'
import type { AskedTool } from '@seamark/policy'
import type { ToolCall } from '@seamark/runtime'
import type { Item } from './message.ts'

/** What the program's tools do. The rest, such as tools of MCP servers and what is typed into a command, may do anything. */
export const DOES: Readonly<Record<string, AskedTool['does']>> = {
  commandExecution: 'run',
  fileChange: 'edit',
  imageView: 'read',
  agent: 'read',
}

/** A command as its author wrote it, for people: the program puts a shell before it. */
export function commandTitle(command: string): string {
  const found = /^\/(?:usr\/)?bin\/[a-z]+ -l?c (?:'([^']*)'|"((?:[^"\\]|\\.)*)"|([^'"]*))$/s.exec(command)
  if (found === null) return command
  const [, single, double, bare] = found
  return single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? bare ?? command
}

/** What a command of the program is asked or told as. */
export function commandCall(id: string, command: string | null | undefined, cwd: string | null | undefined): ToolCall {
  if (typeof command !== 'string') return { id, kind: 'commandExecution' }
  const input = { command, ...(typeof cwd === 'string' && { cwd }) }
  return { id, kind: 'commandExecution', title: commandTitle(command), input }
}

/** An item of a turn as a tool call; `undefined` where it is none. */
export function itemCall(item: Item): ToolCall | undefined {
  const { id, type, server, tool, query, path, prompt } = item
  switch (type) {
    case 'commandExecution':
      return commandCall(id, item.command, item.cwd)
    case 'fileChange':
      return { id, kind: type, title: 'edit', input: { changes: item.changes ?? null } }
    case 'mcpToolCall':
      // Its arguments are not a command of ours, whatever they are called.
      return { id, kind: type, title: mcpTitle(server, tool ?? ''), input: { arguments: item.arguments ?? null } }
    case 'collabAgentToolCall':
      // Waiting is not a repeat.
      if (tool === 'wait') return undefined
      return { id, kind: 'agent', title: `agent ${tool ?? ''}`, input: { prompt: prompt ?? null } }
    case 'webSearch':
      return { id, kind: type, title: 'web search', input: { query: query ?? null } }
    case 'imageView':
      return { id, kind: type, title: 'view', input: { path: path ?? null } }
    default:
      return undefined
  }
}

export function mcpTitle(server: string | null | undefined, tool: string): string {
  return `mcp__${server ?? ''}__${tool}`
}

/** How a call ended. A command that was run and ended badly was run. */
export function endOfCall({ type, status, exitCode }: Item): 'completed' | 'failed' {
  if (status === 'declined') return 'failed'
  if (status === 'failed') return type === 'commandExecution' && typeof exitCode === 'number' ? 'completed' : 'failed'
  return 'completed'
}

/** What came of a call. */
export function resultOf({ type, aggregatedOutput, exitCode, result }: Item): Json | undefined {
  return type === 'commandExecution' ? { exitCode: exitCode ?? null, output: aggregatedOutput ?? null } : result
}
