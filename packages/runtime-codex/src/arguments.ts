import type { AgentMcpServer, JsonObject } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** An MCP server that the program starts inside its sandbox, or reaches from there by HTTP. */
export type McpServer =
  | {
      readonly command: string
      readonly args?: readonly string[]
      readonly env?: Readonly<Record<string, string>>
    }
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/** Name of the provider in the program's configuration: the gateway. */
const PROVIDER = 'seamark'
/** What stands before the base URL of the model in an argument. */
export const BASE_URL: string = `--config=model_providers.${PROVIDER}.base_url=`

// What reaches out besides its model, or runs what nobody asked for, is off.
const OFF = [
  'apps',
  'hooks',
  'plugins',
  'remote_plugin',
  'skill_mcp_dependency_install',
  'tool_suggest',
  'unbounded_connection_retries',
]

const SETTINGS = [
  `model_provider="${PROVIDER}"`,
  // A provider of its own, so that nothing but a key in this variable is sent, and nothing by WebSocket.
  `model_providers.${PROVIDER}.name="Seamark gateway"`,
  `model_providers.${PROVIDER}.env_key="OPENAI_API_KEY"`,
  `model_providers.${PROVIDER}.wire_api="responses"`,
  `model_providers.${PROVIDER}.base_url="https://api.openai.com/v1"`,
  // A search at the provider is not asked for.
  'web_search="disabled"',
  'skills.bundled.enabled=false',
  'analytics.enabled=false',
  'check_for_update_on_startup=false',
  // Its tool for questions.
  'features.default_mode_request_user_input=true',
  'suppress_unstable_features_warning=true',
  ...OFF.map((feature) => `features.${feature}=false`),
]

/** The command line. Settings of ours come last, so they hold. What an item says is told later, in the conversation. */
export function commandLine(argv: readonly string[]): string[] {
  return [...argv, ...SETTINGS.map((setting) => `--config=${setting}`)]
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** MCP servers as the program's configuration names them. Errors: `INVALID_INPUT` for a name that is none. */
export function mcpConfig(servers: Readonly<Record<string, McpServer | AgentMcpServer>>): JsonObject {
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]): [string, JsonObject] => {
      if (!NAME.test(name))
        throw new SeamError('INVALID_INPUT', 'The name of an MCP server is none.', {
          remedy: 'Write letters, digits, - and _, at most 64 of them.',
          place: { pointer: '/mcpServers' },
        })
      if ('url' in server) {
        if ('type' in server && server.type === 'sse')
          throw new SeamError('INVALID_INPUT', `Codex can not speak to the MCP server ${name} by SSE.`, {
            remedy: 'Write type http.',
            place: { pointer: '/mcpServers' },
          })
        const { url, headers } = server
        return [name, { url, ...(headers !== undefined && { http_headers: { ...headers } }) }]
      }
      const { command, args = [], env } = server
      return [name, { command, args: [...args], ...(env !== undefined && { env: { ...env } }) }]
    }),
  )
}
