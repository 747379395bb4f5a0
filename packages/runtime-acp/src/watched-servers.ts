import type { RuntimeLaunch } from '@seamark/core'
import { failed, SILENT } from '@seamark/runtime'
import type { Outcome } from '@seamark/runtime'
import type { AcpMcpServer } from './acp-port.ts'
import type { SilentServer } from './message.ts'

const WATCHER = '.seamark/mcp-server'

/**
 * Runs the command of a server, and leaves a file for as long as that has said nothing, with its exit code once it has ended. What
 * goes in and out is passed on as it is. An agent may start a server again, such as for an agent inside it, and end it at once: one
 * that once said something did start.
 */
const SCRIPT = `#!/bin/sh
mark=$1
shift
pipe=$mark.$$
spoke=$mark.spoke
mkdir -p "\${mark%/*}" && mkfifo "$pipe" || exit 126
[ -e "$spoke" ] || : >"$mark" || exit 126
exec 3<&0
"$@" <&3 3<&- >"$pipe" &
server=$!
exec 3<&-
trap 'kill "$server" 2>/dev/null' TERM INT HUP
{
  if IFS= read -r line; then
    : >"$spoke"
    rm -f "$mark"
    printf '%s\\n' "$line"
    exec cat
  fi
  printf '%s' "$line"
} <"$pipe" &
relay=$!
wait "$server"
code=$?
wait "$relay"
rm -f "$pipe"
if [ -e "$mark" ]; then printf '%s' "$code" >"$mark"; fi
exit "$code"
`

/** The agent starts its servers and does not say what became of them, so each is started by a script of ours in its home. */
export function watchedServers(
  servers: readonly AcpMcpServer[],
  home: string | undefined,
): { readonly servers: readonly AcpMcpServer[]; readonly files: RuntimeLaunch['files'] } {
  if (home === undefined) return { servers, files: [] }
  const watched = servers.map((server, index): AcpMcpServer => {
    if (!('command' in server)) return server
    const args = [`${home}/${WATCHER}`, `${home}/${SILENT}/${index}`, server.command, ...server.args]
    return { ...server, command: '/bin/sh', args }
  })
  const some = servers.some((server) => 'command' in server)
  return { servers: watched, files: some ? [{ path: WATCHER, bytes: Buffer.from(SCRIPT), mode: 0o500 }] : [] }
}

/** What there is to say of servers that never said anything. */
export function silentServers(silent: readonly SilentServer[], servers: readonly AcpMcpServer[]): Outcome | undefined {
  const words = silent.flatMap(({ index, code }) => {
    const name = servers[index]?.name
    return name === undefined ? [] : [`${name} (${why(code)})`]
  })
  return words.length === 0 ? undefined : failed('mcp-server', `These did not start: ${words.join(', ')}.`)
}

function why(code: number | null): string {
  if (code === null) return 'it said nothing'
  if (code === 127) return 'there is no such command'
  return `it ended with ${code} and had said nothing`
}
