import type { RuntimeLaunch } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** The line that ends the program's input. Messages begin with `{`. */
export const END = 'end\n'

/** What the script says where there is no program. */
export const MISSING = '{"seamark":"program-missing"}'

/** Where a runtime has files made, each named by a number, while servers of its agent have not said anything; in the home. */
export const SILENT = '.seamark/silent'

/**
 * Leads messages to the program until a line that is none, and closes its input then: nothing outside can. A program that does
 * not end by that is ended. What it ends with after that says nothing of its work, so it counts only before. After all that the program
 * said come the servers that said nothing: `{"seamark":"silent-servers","servers":[{"index":0,"code":127}]}`.
 */
const SCRIPT = `
grace=$1
count=$2
shift 2
while [ "$count" -gt 0 ]; do
  url=$(printf '%s\\n' "\${SEAMARK_ENDPOINTS:-}" | sed -n "s|.*\\"$2\\":\\"\\([^\\"]*\\)\\".*|\\1|p")
  if [ -n "$url" ]; then
    export "$1=$url$3"
    if [ -n "$4" ]; then set -- "$@" "$4$url$3"; fi
  fi
  shift 4
  count=$((count - 1))
done
program=$1
if ! command -v -- "$program" >/dev/null 2>&1; then
  if [ -x "./node_modules/.bin/$program" ]; then
    shift
    set -- "./node_modules/.bin/$program" "$@"
  else
    printf '%s\\n' '${MISSING}'
    exit 0
  fi
fi
dir=$(mktemp -d "\${TMPDIR:-/tmp}/agent.XXXXXX") && mkfifo "$dir/in" || exit 126
exec 3<&0
(
  trap 'kill "$!" 2>/dev/null; exit 0' TERM
  while IFS= read -r line; do
    case $line in '{'*) printf '%s\\n' "$line" ;; *) break ;; esac
  done <&3 >"$dir/in"
  : >"$dir/over"
  sleep "$grace" &
  wait "$!"
  kill -TERM "$(cat "$dir/pid")"
  sleep "$grace" &
  wait "$!"
  kill -KILL "$(cat "$dir/pid")"
) >/dev/null 2>&1 &
feeder=$!
exec 3<&-
sh -c 'echo "$$" >"$0/pid"; exec "$@"' "$dir" "$@" <"$dir/in"
code=$?
kill "$feeder" 2>/dev/null
wait "$feeder" 2>/dev/null
[ -e "$dir/over" ] && code=0
rm -rf "$dir"
silent=
for mark in "\${HOME:-/}/${SILENT}"/*; do
  index=\${mark##*/}
  case $index in *[!0-9]* | 0?* | ??????*) continue ;; esac
  [ -f "$mark" ] || continue
  ended=$(head -c 4 "$mark")
  case $ended in '' | 0?* | *[!0-9]*) ended=null ;; esac
  silent="$silent\${silent:+,}{\\"index\\":$index,\\"code\\":$ended}"
done
if [ -n "$silent" ]; then printf '\\n{"seamark":"silent-servers","servers":[%s]}\\n' "$silent"; fi
exit "$code"
`

export interface LaunchSettings {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Names of variables, and the hosts, with a path where there is one, whose base URL each is given. */
  readonly endpoints: Readonly<Record<string, string>>
  /** For a program that reads no variable: by such a name, what stands before its base URL in an argument that is added at the end. */
  readonly urlArguments?: Readonly<Record<string, string>>
  /** Files to make before the start, in the program's home. */
  readonly files?: RuntimeLaunch['files']
  /** Where it keeps its conversation, relative to its home. */
  readonly keeps?: readonly string[]
  /** What a program has to end by itself once its input is closed, and again once it was told to. Default 5. */
  readonly graceSeconds?: number
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const HOST = /^([A-Za-z0-9.:-]+)((?:\/[A-Za-z0-9._-]+)*)$/

/** How to start an agent's program so that it can be spoken to. Errors: `INVALID_INPUT` for a variable or a host that is none. */
export function agentLaunch(settings: LaunchSettings): RuntimeLaunch {
  const { argv, env, endpoints, urlArguments = {}, files = [], keeps = [], graceSeconds = 5 } = settings
  const pairs = Object.entries(endpoints).flatMap(([name, at]) => {
    const found = HOST.exec(at)
    if (found === null || !NAME.test(name))
      throw new SeamError(
        'INVALID_INPUT',
        'An endpoint is the name of a variable and a host, such as api.example/v1.',
        {
          remedy: 'Write them as in the policy, without https://.',
          place: { pointer: '/endpoints' },
        },
      )
    const [, host = '', path = ''] = found
    return [name, host.replaceAll('.', '\\.'), path, urlArguments[name] ?? '']
  })
  const script = ['/bin/sh', '-c', SCRIPT, 'agent', String(graceSeconds), String(pairs.length / 4), ...pairs]
  const kept = keeps.length === 0 ? {} : { keeps: [...keeps] }
  return { argv: [...script, ...argv], env: { ...env }, files: [...files], stdin: 'pipe', ...kept }
}
