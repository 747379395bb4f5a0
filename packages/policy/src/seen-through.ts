import { parseCommandLine } from './command-line.ts'
import { baseName } from './deny.ts'
import { POLICY_LIMITS } from './limits.ts'

const shells = new Set(['sh', 'bash', 'rbash', 'dash', 'ash', 'zsh', 'ksh', 'mksh'])

// Programs and builtins that run what their arguments say.
const carriers = new Set(
  (
    'env command exec builtin nice ionice chrt taskset nohup setsid stdbuf timeout time xargs parallel find fd watch ' +
    'sudo doas su runuser setpriv chroot unshare nsenter bwrap flock script strace ltrace busybox toybox eval trap export ' +
    'declare typeset readonly entr npx pnpx bunx ssh systemd-run start-stop-daemon chpst unbuffer faketime ' +
    'prlimit setarch linux32 linux64 choom uclampset numactl cpulimit fakeroot pkexec gosu tini dumb-init valgrind ' +
    'xvfb-run dbus-run-session'
  ).split(' '),
)
// Builtins that change what later commands mean, and those through which they can be called.
const unseenBuiltins = new Set('source . alias hash enable bind'.split(' '))
const callers = new Set('command builtin eval trap'.split(' '))
// Programs that read commands in a language of their own, or from files.
const unseenPrograms = new Set(
  'expect gdb socat fish csh tcsh yash posh lksh ksh93 nu pwsh tclsh capsh sg newgrp run-parts'.split(' '),
)
// The dynamic linker starts what its arguments name.
const linker = /^ld(?:-linux|-musl|64)?[.-]/
// Settings of git that give another name to a command, or name a program that it starts.
const namesPrograms =
  /^(?:(?:alias|include|includeif|pager)\..*|core\.(?:askpass|editor|fsmonitor|gitproxy|hookspath|pager|sshcommand)|sequence\.editor|diff\.external|.*\.(?:clean|cmd|command|driver|helper|process|program|smudge|textconv))$/

/** What of a command is seen. */
export interface Seen {
  /** What must be allowed: the command, or for `sh -c TEXT` the commands of the text. */
  readonly runs: readonly (readonly string[])[]
  /** What must not be denied: these, and all that a carrier may start. */
  readonly starts: readonly (readonly string[])[]
  /** Whether a carrier has arguments that can not be read, or a shell takes its commands from elsewhere. */
  readonly hidden: boolean
}

/** The text of `sh -c TEXT`; `stdin` where it reads commands from elsewhere, `script` for a file, `undefined` for what is unclear. */
function shellText(argv: readonly string[]): { readonly text: string } | 'stdin' | 'script' | undefined {
  let takesText = false
  for (let at = 1; at < argv.length; at++) {
    const argument = argv[at] ?? ''
    if (argument === '--' || argument === '-' || !/^[-+]/.test(argument)) {
      const rest = argument === '--' || argument === '-' ? at + 1 : at
      const text = argv[rest]
      if (takesText) return text === undefined ? undefined : { text }
      return text === undefined ? 'stdin' : 'script'
    }
    if (/^--(?:login|norc|noprofile|posix)$/.test(argument)) continue
    // Clusters of flags without values. -s reads from elsewhere even with arguments.
    if (!/^[-+][abcefhlmnuvxCEis]+$/.test(argument)) return undefined
    if (argument.startsWith('-') && argument.includes('c')) takesText = true
    else if (argument.includes('s')) return 'stdin'
  }
  return takesText ? undefined : 'stdin'
}

const nothing: Seen = { runs: [], starts: [], hidden: false }

function join(list: readonly Seen[]): Seen {
  return {
    runs: list.flatMap(({ runs }) => runs),
    starts: list.flatMap(({ starts }) => starts),
    hidden: list.some(({ hidden }) => hidden),
  }
}

/**
 * What a command runs, as far as its arguments say it; `undefined` where they can not be read. Programs that are allowed may
 * start others of their own: that is not seen.
 */
export function seenThrough(argv: readonly string[], depth = 0): Seen | undefined {
  const [program = ''] = argv
  const length = argv.reduce((sum, argument) => sum + argument.length + 1, 0)
  if (program === '' || length > POLICY_LIMITS.commandLength || depth > POLICY_LIMITS.commandDepth) return undefined
  if (argv.some((argument) => argument.includes('\0'))) return undefined
  const name = baseName(program)
  if (shells.has(name)) return throughShell(argv, depth)
  const seen: Seen = { runs: [argv], starts: [argv], hidden: false }
  if (unseenBuiltins.has(name) || unseenPrograms.has(name)) return { ...seen, hidden: true }
  if (carriers.has(name) || linker.test(name)) return { ...seen, ...carried(argv, depth) }
  return name === 'git' && gitMayHide(argv) ? { ...seen, hidden: true } : seen
}

function throughShell(argv: readonly string[], depth: number): Seen | undefined {
  const said = shellText(argv)
  if (said === undefined) return undefined
  if (said === 'stdin') return { runs: [argv], starts: [argv], hidden: true }
  if (said === 'script') return { runs: [argv], starts: [argv], hidden: false }
  // A shell by another path may be any program.
  if (argv[0]?.includes('/') === true && !/^\/(?:usr\/)?bin\/[a-z]+$/.test(argv[0])) return undefined
  return readText(said.text, depth)
}

/** Every argument of a carrier may be where another command begins, or be the text of one. */
function carried([program = '', ...rest]: readonly string[], depth: number): Omit<Seen, 'runs'> {
  const name = baseName(program)
  if (rest.length > POLICY_LIMITS.carriedArguments) return { starts: [], hidden: true }
  // What is set for a program may change what it does; env -S has a syntax of its own.
  let hidden = rest.some(
    (argument) => /^[A-Za-z_]\w*=/.test(argument) || (name === 'env' && /^-\w*S|^--s/.test(argument)),
  )
  const starts: (readonly string[])[] = [[program, ...rest]]
  const add = (seen: Seen | undefined) => {
    if (seen === undefined || seen.hidden) hidden = true
    if (seen !== undefined) starts.push(...seen.starts)
  }
  // These join their arguments and read them again.
  if (name === 'eval' || name === 'ssh') add(readText(rest.join(' '), depth))
  for (const [at, argument] of rest.entries()) {
    const tail = rest.slice(at)
    const start = baseName(argument)
    if (shells.has(start)) add(seenThrough(tail, depth + 1))
    else starts.push(tail)
    if (unseenPrograms.has(start) || (callers.has(name) && unseenBuiltins.has(start))) hidden = true
    if (start === 'git' && gitMayHide(tail)) hidden = true
    if (/\s/.test(argument)) add(readText(argument, depth))
  }
  return { starts, hidden }
}

/** What the commands of a text start. */
function readText(text: string, depth: number): Seen | undefined {
  const inner = parseCommandLine(text)?.map((command) => seenThrough(command, depth + 1))
  if (inner === undefined || inner.some((one) => one === undefined)) return undefined
  return join(inner.map((one) => one ?? nothing))
}

/** Whether git may start what its arguments do not show as a command of its own: by a setting, or as a text for a shell. */
function gitMayHide(argv: readonly string[]): boolean {
  return argv.some((argument, at) => {
    const before = argv[at - 1]
    if (/^--(?:config-env|exec-path)/.test(argument)) return true
    if (before === '-c') return argument !== 'core.pager=cat' && namesPrograms.test(keyOf(argument))
    if (before === 'submodule') return argv.includes('foreach')
    if (before === 'bisect') return argument === 'run'
    return before !== undefined && argv.includes('rebase') && /^(?:-x|--exec)/.test(argument)
  })
}

/** Of a setting such as `core.pager=less`. */
function keyOf(setting: string): string {
  return setting.replace(/=.*/s, '').toLowerCase()
}
