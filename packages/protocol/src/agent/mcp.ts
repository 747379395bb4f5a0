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

const variables = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text)
const headers = z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), text)
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
/** Of the server that an item with `children` is given. */
const RESERVED = 'seamark'
/** Names of headers whose values may be credentials, which are in no agent: the gateway adds them. */
const CREDENTIAL = /auth|token|secret|key|cookie|credential/i

const file = z.strictObject({
  mcpServers: z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), server)
    .refine((all) => Object.keys(all).length <= AGENT_LIMITS.parts, `at most ${AGENT_LIMITS.parts} servers`),
})

export type McpResult =
  | { readonly ok: true; readonly servers: Readonly<Record<string, AgentMcpServer>> }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Reads `.mcp.json`, as Claude Code has it, but for variables that would be filled in, credentials in addresses and headers, and the
 * name `seamark`. Credentials in `args` and `env` are not looked for. Errors: `INVALID_INPUT`.
 */
export function parseMcpServers(bytes: Uint8Array): McpResult {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError)
      return { ok: false, problems: [problem('.mcp.json is no JSON.', 'Write { "mcpServers": { … } }.')] }
    throw error
  }
  const parsed = file.safeParse(value)
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(({ path }) => notValid(path)) }
  const servers = parsed.data.mcpServers
  const problems = Object.entries(servers).flatMap(([name, server]) => forbidden(name, server))
  return problems.length === 0 ? { ok: true, servers } : { ok: false, problems }
}

function notValid(path: readonly PropertyKey[]): Problem {
  const at = path.map(String).join('/').slice(0, 200)
  return problem(
    `.mcp.json is not valid at "${at.replaceAll(/\p{C}/gu, '?')}".`,
    'Name each server with letters, digits, - and _, and give it command, args and env, or type http or sse with url and headers. No ${…} is filled in.',
  )
}

function forbidden(name: string, server: AgentMcpServer): readonly Problem[] {
  const problems: Problem[] = []
  if (name.toLowerCase() === RESERVED)
    problems.push(
      problem(
        `No server of an agent is named "${name}": items that may add others are given one of that name.`,
        'Name it otherwise.',
      ),
    )
  if ('url' in server) {
    const remedy = 'Leave it out: the gateway adds credentials.'
    const { username, password } = new URL(server.url)
    if (username !== '' || password !== '')
      problems.push(problem(`The url of the server "${name}" has a user or a password in it.`, remedy))
    for (const header of Object.keys(server.headers ?? {}))
      if (CREDENTIAL.test(header))
        problems.push(problem(`The header "${header}" of the server "${name}" may hold a credential.`, remedy))
  }
  return problems
}

function problem(message: string, remedy: string): Problem {
  return { code: 'INVALID_INPUT', message, remedy, place: { pointer: '/files/.mcp.json' } }
}
