import { AGENT_METHODS, CLIENT_METHODS, PROTOCOL_VERSION } from '@agentclientprotocol/sdk'
import type {
  CancelNotification,
  InitializeRequest,
  McpServer,
  LoadSessionRequest,
  NewSessionRequest,
  PromptRequest,
  RequestPermissionResponse,
} from '@agentclientprotocol/sdk'
import type { Json, JsonObject } from '@seamark/core'
import { isObject } from '@seamark/runtime'

/** The one version of the protocol that is spoken. */
export const PROTOCOL: number = PROTOCOL_VERSION

type Method =
  | 'initialize'
  | 'newSession'
  | 'resumeSession'
  | 'loadSession'
  | 'setOption'
  | 'prompt'
  | 'cancel'
  | 'update'
  | 'permission'
  | 'question'

/** Names of the methods that are spoken of here. */
export const METHODS: Readonly<Record<Method, string>> = {
  initialize: AGENT_METHODS.initialize,
  newSession: AGENT_METHODS.session_new,
  resumeSession: AGENT_METHODS.session_resume,
  loadSession: AGENT_METHODS.session_load,
  setOption: AGENT_METHODS.session_set_config_option,
  prompt: AGENT_METHODS.session_prompt,
  cancel: AGENT_METHODS.session_cancel,
  update: CLIENT_METHODS.session_update,
  permission: CLIENT_METHODS.session_request_permission,
  question: CLIENT_METHODS.elicitation_create,
}

/** Of JSON-RPC and the protocol. */
export const ERROR_CODES: Readonly<Record<'methodNotFound' | 'authRequired', number>> = {
  methodNotFound: -32_601,
  authRequired: -32_000,
}

/** An MCP server that the agent starts inside its sandbox, or reaches from there. */
export type AcpMcpServer = McpServer

// Held to the vendor's types, and plain data from here on.
const plain = (value: object): JsonObject => {
  const parsed: unknown = JSON.parse(JSON.stringify(value))
  return isObject(parsed) ? parsed : {}
}

/** No files and no terminal of ours are offered: the agent works inside its own sandbox. */
export function initializeParams(): JsonObject {
  return plain({
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      elicitation: { form: {} },
    },
    clientInfo: { name: 'seamark', version: '1' },
  } satisfies InitializeRequest)
}

export function newSessionParams(cwd: string, mcpServers: readonly AcpMcpServer[]): JsonObject {
  return plain({ cwd, mcpServers: [...mcpServers] } satisfies NewSessionRequest)
}

/** Of both ways to go on with a conversation. */
export function oldSessionParams(sessionId: string, cwd: string, mcpServers: readonly AcpMcpServer[]): JsonObject {
  return plain({ sessionId, cwd, mcpServers: [...mcpServers] } satisfies LoadSessionRequest)
}

export function promptParams(sessionId: string, text: string): JsonObject {
  return plain({ sessionId, prompt: [{ type: 'text', text }] } satisfies PromptRequest)
}

export function cancelParams(sessionId: string): JsonObject {
  return plain({ sessionId } satisfies CancelNotification)
}

/** The option that was chosen, or, where none fits, that the request is void. */
export function permissionResult(optionId: string | undefined): Json {
  return plain({
    outcome: optionId === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId },
  } satisfies RequestPermissionResponse)
}
