import type { AgentMcpServer, RuntimeTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** An MCP server that the program starts inside its sandbox, or reaches from there. */
export type McpServer =
  | {
      readonly command: string
      readonly args?: readonly string[]
      readonly env?: Readonly<Record<string, string>>
    }
  | { readonly type: 'http' | 'sse'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }

export interface Arguments {
  readonly argv: readonly string[]
  readonly instructions?: string
  /** Whether there are skills of ours in the home. */
  readonly skills: boolean
  readonly mcpServers: Readonly<Record<string, McpServer | AgentMcpServer>>
  readonly projectSettings: boolean
  readonly maxTurns?: number
}

/** Words that the program takes for how hard its model is to think; it would pass over any other. */
const EFFORTS: readonly string[] = ['low', 'medium', 'high', 'xhigh', 'max']
/** Longest argument, in bytes: Linux takes 128 KiB. */
const ARGUMENT_BYTES = 120_000

/** What starts commands is asked for even where the program thinks it harmless, and no hook of the workspace runs. */
const SETTINGS = { permissions: { ask: ['Bash', 'Monitor'] }, disableAllHooks: true }

/**
 * The command line for one task. Errors: `INVALID_INPUT` for a model or an effort that can not be asked for, and for what is too long
 * for an argument.
 */
export function commandLine(
  about: Arguments,
  task: Pick<RuntimeTask, 'model' | 'effort' | 'mcpServers' | 'resume'>,
): string[] {
  const { argv, instructions, skills, projectSettings, maxTurns } = about
  const { model, effort, resume } = task
  const own = Object.entries(task.mcpServers ?? {}).map(
    ([name, { command, args }]) => [name, { command, args }] as const,
  )
  const mcpServers = { ...about.mcpServers, ...Object.fromEntries(own) }
  if (effort !== undefined && !EFFORTS.includes(effort))
    throw refused(`Claude Code knows no effort ${effort.slice(0, 40)}.`, `Write one of ${EFFORTS.join(', ')}.`)
  // The workspace is not trusted: its settings are read only where that was said. Skills of ours are in the home.
  const sources = [...(skills ? ['user'] : []), ...(projectSettings ? ['project'] : [])]
  const line = [
    ...argv,
    '--print',
    '--input-format=stream-json',
    '--output-format=stream-json',
    '--verbose',
    '--permission-prompt-tool=stdio',
    // What is kept of a conversation may have been changed by its agent, and says how far it was trusted.
    '--permission-mode=manual',
    ...(resume === undefined ? [] : [`--resume=${resume.id}`]),
    `--setting-sources=${sources.join(',')}`,
    `--settings=${JSON.stringify(SETTINGS)}`,
    '--strict-mcp-config',
    ...(Object.keys(mcpServers).length > 0 ? [`--mcp-config=${JSON.stringify({ mcpServers })}`] : []),
    ...(instructions === undefined ? [] : [`--append-system-prompt=${instructions}`]),
    ...(model === undefined ? [] : [`--model=${model}`]),
    ...(effort === undefined ? [] : [`--effort=${effort}`]),
    ...(maxTurns === undefined ? [] : [`--max-turns=${maxTurns}`]),
  ]
  if (line.some((one) => Buffer.byteLength(one) > ARGUMENT_BYTES || one.includes('\0')))
    throw refused('What Claude Code is to be told does not fit into an argument.', 'Make its instructions shorter.')
  return line
}

function refused(message: string, remedy: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { remedy })
}
