import type { AgentMcpServer } from '@seamark/core'
import type { AcpMcpServer } from './acp-port.ts'

/** An MCP server of an agent as the protocol has it. */
export function agentServer(name: string, server: AgentMcpServer): AcpMcpServer {
  if ('url' in server) return { type: server.type, name, url: server.url, headers: pairs(server.headers) }
  return { name, command: server.command, args: [...(server.args ?? [])], env: pairs(server.env) }
}

function pairs(values: Readonly<Record<string, string>> = {}): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }))
}
