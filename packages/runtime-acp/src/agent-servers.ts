import type { AgentMcpServer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { AcpMcpServer } from './acp-port.ts'

/** MCP servers of an agent as the protocol has them. Errors: `INVALID_INPUT` for a name that the runtime's own have. */
export function agentServers(
  servers: Readonly<Record<string, AgentMcpServer>>,
  own: readonly AcpMcpServer[],
): AcpMcpServer[] {
  return Object.entries(servers).map(([name, server]) => {
    if (own.some((other) => other.name === name))
      throw new SeamError('INVALID_INPUT', `The runtime and the agent both have the MCP server ${name}.`, {
        remedy: 'Give one of them another name.',
      })
    if ('url' in server) return { type: server.type, name, url: server.url, headers: pairs(server.headers) }
    return { name, command: server.command, args: [...(server.args ?? [])], env: pairs(server.env) }
  })
}

function pairs(values: Readonly<Record<string, string>> = {}): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }))
}
