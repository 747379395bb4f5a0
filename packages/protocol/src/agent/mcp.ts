import type { AgentMcpServer, Problem } from '@seamark/core'
import { z } from 'zod'
import { AGENT_LIMITS } from './limits.ts'

const maybe = z.exactOptional
// Nothing is filled in, and what looks as if it were would be taken as it stands.
const text = z
  .string()
  .max(4_096)
  .refine((value) => !value.includes('${') && !value.includes('\0'), 'nothing is filled in: write the value itself')
const filled = text.refine((value) => value !== '', 'is empty')

/** Headers whose values are credentials, which are in no agent: the gateway adds them. */
const CREDENTIALS = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key)$/i

const variables = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text)
const headers = z.record(
  z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}$/)
    .refine((name) => !CREDENTIALS.test(name), 'no credential belongs into an agent: the gateway adds it'),
  text,
)
const address = z.url({ protocol: /^https?$/ }).max(2_000)
const server: z.ZodType<AgentMcpServer> = z.union([
  z.strictObject({
    type: maybe(z.literal('stdio')),
    command: filled,
    args: maybe(z.array(text).max(100)),
    env: maybe(variables),
  }),
  z.strictObject({ type: z.enum(['http', 'sse']), url: address, headers: maybe(headers) }),
])
const file = z.strictObject({
  mcpServers: z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), server)
    .refine((all) => Object.keys(all).length <= AGENT_LIMITS.parts, `at most ${AGENT_LIMITS.parts} servers`),
})

export type McpResult =
  | { readonly ok: true; readonly servers: Readonly<Record<string, AgentMcpServer>> }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads `.mcp.json`, as Claude Code has it, but for variables that would be filled in, and for credentials. */
export function parseMcpServers(bytes: Uint8Array): McpResult {
  const refuse = (message: string, remedy: string): McpResult => ({
    ok: false,
    problems: [{ code: 'INVALID_INPUT', message, remedy, place: { pointer: '/files/.mcp.json' } }],
  })
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError)
      return refuse('.mcp.json is no JSON.', 'Write { "mcpServers": { … } }.')
    throw error
  }
  const parsed = file.safeParse(value)
  if (parsed.success) return { ok: true, servers: parsed.data.mcpServers }
  const [issue] = parsed.error.issues
  const at = (issue?.path ?? []).map(String).join('/').slice(0, 200)
  return refuse(
    `.mcp.json is not valid at "${at.replaceAll(/\p{C}/gu, '?')}".`,
    'Name each server with letters, digits, - and _, and give it command, args and env, or type http or sse with url and headers. No ${…} is filled in, and no credential belongs into an agent.',
  )
}
