import type { Json } from '@seamark/core'
import type { AskedTool } from '@seamark/policy'
import { isObject } from '@seamark/runtime'
import type { ToolCall } from '@seamark/runtime'

const words = (text: string): readonly string[] => text.split(' ')

const reads = words(
  'Read Glob Grep LS NotebookRead TodoWrite ToolSearch Skill ReportFindings EnterPlanMode ExitPlanMode',
)
// What agents inside the agent use is asked for by itself.
const agents = words(
  'Task Agent ListAgents TaskCreate TaskGet TaskList TaskUpdate TaskOutput TaskStop BashOutput KillShell',
)
const edits = words('Edit MultiEdit Write NotebookEdit')

/** What the program's tools do. The rest, such as a search at the provider and tools of MCP servers, may do anything. */
export const DOES: Readonly<Record<string, AskedTool['does']>> = {
  ...Object.fromEntries([...reads, ...agents].map((name) => [name, 'read'] as const)),
  ...Object.fromEntries(edits.map((name) => [name, 'edit'] as const)),
  Bash: 'run',
  Monitor: 'run',
  WebFetch: 'fetch',
}

/** A call, by a name that says what it runs. */
export function toolCall(id: string, name: string, input: Json): ToolCall {
  const command = isObject(input) ? input['command'] : undefined
  return { id, kind: name, title: typeof command === 'string' ? `${name}: ${command}` : name, input }
}
