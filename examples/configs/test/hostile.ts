/** Items that do what no honest program does, each with what must come of it. */
export const hostile: readonly {
  readonly id: string
  readonly run: string
  readonly more?: string
  /** Why it failed, and how its first step ended. Absent: it succeeds. */
  readonly fails?: readonly [reason: string, exit: string]
}[] = [
  { id: 'pipe', run: 'mkfifo pipe', fails: ['unsupported-file', 'exited'] },
  {
    id: 'repository',
    // What git would run, if it were asked about this folder as the service's user.
    run: `printf '#!/bin/sh\\ntouch MARKER\\n' > evil.sh; chmod 755 evil.sh; mkdir sub; git -C sub init -q
      git init -q .; for key in core.fsmonitor filter.x.clean diff.x.textconv diff.x.command; do git config $key "$PWD/evil.sh"; done
      for hook in pre-commit post-checkout post-index-change; do cp evil.sh .git/hooks/$hook; cp evil.sh sub/.git/hooks/$hook; done
      echo '* filter=x diff=x' > .gitattributes; echo x > sub/file; echo fine > good.txt`,
  },
  {
    id: 'names',
    run: `touch -- '-rf' "$(printf 'a\\nb')" "$(printf '\\377\\376')" '$(touch x)'; ln -s /etc/passwd link; ln -s . loop; echo fine > good.txt`,
  },
  { id: 'flood', run: 'head -c 10000000000 /dev/zero', fails: ['limit', 'output'] },
  {
    id: 'drip',
    run: 'i=0; while [ $i -lt 1000 ]; do printf x; sleep 0.001; i=$((i + 1)); done; echo fine > good.txt',
  },
  {
    id: 'stays',
    run: `setsid sh -c "trap '' TERM HUP INT; while :; do date > alive; sleep 0.1; done" & trap '' TERM HUP INT; sleep 600; sleep 600`,
    more: 'timeout: 4s',
    fails: ['timeout', 'timeout'],
  },
  {
    id: 'forks',
    run: `sh -c 'i=0; while [ $i -lt 500 ]; do (setsid sleep 50 &) ; i=$((i + 1)); done'; sleep 50`,
    more: 'limits: { pids: 64 }',
    fails: ['limit', 'pids'],
  },
  {
    id: 'disk',
    run: 'head -c 200000000 /dev/zero > big; sleep 50',
    more: 'limits: { disk: 8MiB }',
    fails: ['limit', 'disk'],
  },
]

/** A plan of all of them. `marker` is a path of the host that nothing of them may make. */
export function hostilePlan(executor: string, marker: string): string {
  const items = hostile.map(
    ({ id, run, more }) =>
      `  - id: ${id}\n    run: |\n      ${run.replaceAll('MARKER', marker)}\n${more === undefined ? '' : `    ${more}\n`}`,
  )
  return `version: 1\nname: hostile\ndefaults: { timeout: 1m, executor: ${executor} }\nitems:\n${items.join('')}`
}
