import type { RuntimeLaunch } from '@seamark/core'
import { failed } from '@seamark/runtime'
import type { Outcome } from '@seamark/runtime'
import { readFileSync } from 'node:fs'
import type { AcpMcpServer } from './acp-port.ts'
import type { Capabilities, MissingServer } from './message.ts'

const ASKER = '.seamark/ask-servers.mjs'
const SERVERS = '.seamark/servers.json'
/** What each has to answer. */
const TIMEOUT_MS = 30_000

/** Begins the agent unless a server is missing. One that was not asked is no reason not to: the agent may reach it. */
const SCRIPT = `
node "$1" "$2" </dev/null
case $? in
  0) ;;
  75) exit 0 ;;
  *) printf '\\n%s\\n' '{"seamark":"unasked-servers"}' ;;
esac
shift 2
exec "$@"
`

/** The agent does not say which of its servers that are URLs it could not reach, so they are asked before it begins, where it is. */
export function askedServers(
  launch: RuntimeLaunch,
  servers: readonly AcpMcpServer[],
  home: string | undefined,
): RuntimeLaunch {
  const asked = servers.flatMap((server, index) => {
    if (!('url' in server)) return []
    const { type, url, headers } = server
    return [{ index, type, url, headers }]
  })
  if (home === undefined || asked.length === 0) return launch
  return {
    ...launch,
    argv: ['/bin/sh', '-c', SCRIPT, 'servers', `${home}/${ASKER}`, `${home}/${SERVERS}`, ...launch.argv],
    files: [
      ...launch.files,
      { path: ASKER, bytes: readFileSync(new URL('../bin/ask-servers.mjs', import.meta.url)), mode: 0o400 },
      { path: SERVERS, bytes: Buffer.from(JSON.stringify({ timeoutMs: TIMEOUT_MS, servers: asked })), mode: 0o400 },
    ],
  }
}

/** What there is to say of servers that are not there. */
export function missingServers(
  missing: readonly MissingServer[],
  servers: readonly AcpMcpServer[],
): Outcome | undefined {
  const words = missing.flatMap(({ index, why }) => {
    const name = servers[index]?.name
    return name === undefined ? [] : [`${name} (${said(why)})`]
  })
  return words.length === 0 ? undefined : failed('mcp-server', `These are not there: ${words.join(', ')}.`)
}

/** What there is to say of servers that the agent would leave out: it does not speak to servers of their type, by its own word. */
export function unspokenServers(
  servers: readonly AcpMcpServer[],
  { mcpCapabilities: speaks }: Capabilities = {},
): Outcome | undefined {
  const left = servers.flatMap((server) => {
    if (!('url' in server) || speaks?.[server.type] === true) return []
    return [`${server.name} (${server.type})`]
  })
  return left.length === 0
    ? undefined
    : failed('mcp-server', `The agent does not speak to servers of this type: ${left.join(', ')}.`)
}

function said(why: string): string {
  switch (why) {
    case 'ERR_PROXY_TUNNEL':
      return 'the way out does not lead there'
    case 'NOT-MCP':
      return 'its answer begins no conversation of MCP'
    case 'TIMEOUT':
      return 'it did not answer in time'
    default:
      return why.replace(/^HTTP-/, 'it answered with ')
  }
}
