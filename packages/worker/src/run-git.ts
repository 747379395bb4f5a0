import { isSeamError, SeamError, systemCode, throwIfAborted } from '@seamark/kit'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { GitCredential } from './git-credentials.ts'
import { credentialVariables } from './git-credentials.ts'
import { programWithoutSpace, saysNoSpace } from './host-failure.ts'

export interface GitOptions {
  /** The program. Default `git`, looked up in `path`. */
  readonly program?: string
  /** `PATH` of git and of what it starts for transport (ssh). Default `/usr/local/bin:/usr/bin:/bin`. */
  readonly path?: string
  /** Added to git's otherwise fixed environment: `SSH_AUTH_SOCK`, proxies. Never reaches an attempt. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Where submodules may come from beside the folder of the host that their repository is in: absolute folders and URLs, each for
   * all that is below it, such as `https://git.example/shared`.
   */
  readonly submodules?: readonly string[]
  /** Where files of Git LFS may come from beside the server of their repository, written alike. */
  readonly lfs?: readonly string[]
  /** Of https servers that ask for a user and password; of two that fit the one with the longer address. Never reach an attempt. */
  readonly credentials?: readonly GitCredential[]
}

export interface GitCall {
  readonly cwd?: string
  readonly gitDir?: string
  /** Address of the repository that it reads, which may be on a server. */
  readonly from?: string
  readonly workTree?: string
  readonly index?: string
  /** Where new objects go; those of `gitDir` can still be read. */
  readonly objects?: string
  readonly config?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
  /** Exit codes that are an answer and no failure. Default only 0. */
  readonly allow?: readonly number[]
  /** Limit on standard output; past it the call is `LIMIT_EXCEEDED`. Default 1 GiB. */
  readonly maxBytes?: number
  /** What `maxBytes` limits, for its error. */
  readonly limit?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface GitAnswer {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs git on hostile input. Errors: `UNAVAILABLE` (it failed), `FORBIDDEN` (its server wants another credential), `LIMIT_EXCEEDED` (also for a full disk), `TIMEOUT`, `ABORTED`. */
export type Git = (args: readonly string[], call?: GitCall) => Promise<GitAnswer>

const trustedConfig = fileURLToPath(new URL('../git/trusted.gitconfig', import.meta.url))

// Command-line settings win over the configuration of whatever repository git is pointed at.
const overrides = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.autocrlf=false',
  'core.fileMode=true',
  'core.symlinks=true',
  'core.ignoreCase=false',
  'core.precomposeUnicode=false',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'apply.whitespace=nowarn',
  'apply.ignoreWhitespace=no',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
  'diff.algorithm=myers',
  'diff.ignoreSubmodules=none',
  'diff.submodule=short',
  'core.quotePath=true',
].flatMap((setting) => ['-c', setting])

/** A git that obeys nobody's configuration but ours, asks nothing, and starts no hook, filter or pager. */
export function neutralGit(options: GitOptions = {}): Git {
  const fixed: Readonly<Record<string, string>> = {
    ...options.env,
    PATH: options.path ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    XDG_CONFIG_HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    // A file and not only `-c`: git clears those for the other end of a local fetch, which needs `safe.directory` too.
    GIT_CONFIG_GLOBAL: trustedConfig,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    SSH_ASKPASS: 'true',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_PAGER: 'cat',
    GIT_EDITOR: 'true',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: '/dev/null',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_ALLOW_PROTOCOL: 'https:ssh:file',
  }
  return async (args, call = {}) => {
    const { credentials = [] } = options
    const { from, signal } = call
    const given = from === undefined ? {} : await credentialVariables(credentials, from, signal && { signal })
    return run(options.program ?? 'git', fixed, args, { ...call, env: { ...call.env, ...given } })
  }
}

function environment(call: GitCall): Record<string, string> {
  return {
    ...(call.gitDir !== undefined && { GIT_DIR: call.gitDir }),
    ...(call.workTree !== undefined && { GIT_WORK_TREE: call.workTree }),
    ...(call.index !== undefined && { GIT_INDEX_FILE: call.index }),
    ...(call.objects !== undefined &&
      call.gitDir !== undefined && {
        GIT_OBJECT_DIRECTORY: call.objects,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: `${call.gitDir}/objects`,
      }),
    ...call.env,
  }
}

function run(
  program: string,
  fixed: Readonly<Record<string, string>>,
  args: readonly string[],
  call: GitCall,
): Promise<GitAnswer> {
  throwIfAborted(call.signal)
  const config = (call.config ?? []).flatMap((setting) => ['-c', setting])
  const name = args.find((arg) => !arg.startsWith('-')) ?? ''
  return new Promise((resolve, reject) => {
    // A process group of its own, so that what git starts ends with it.
    const child = spawn(program, ['--no-pager', ...overrides, ...config, ...args], {
      cwd: call.cwd ?? call.workTree ?? '/',
      env: { ...fixed, ...environment(call) },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    const chunks: Buffer[] = []
    const maxBytes = call.maxBytes ?? 1 << 30
    let size = 0
    let errors = ''
    let failure: SeamError | undefined
    const stop = (error: SeamError) => {
      if (failure !== undefined) return
      failure = error
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch (gone) {
        if (systemCode(gone) !== 'ESRCH')
          failure = new SeamError('INTERNAL', `git ${name} could not be stopped.`, { cause: gone })
      }
    }
    const onAbort = () => stop(new SeamError('ABORTED', 'Stopped on request.', { cause: call.signal?.reason }))
    call.signal?.addEventListener('abort', onAbort, { once: true })
    const timeoutMs = call.timeoutMs ?? 15 * 60_000
    const timer = setTimeout(
      () => stop(new SeamError('TIMEOUT', `git ${name} took longer than ${timeoutMs} ms.`)),
      timeoutMs,
    )
    const settle = (end: () => void) => {
      clearTimeout(timer)
      call.signal?.removeEventListener('abort', onAbort)
      end()
    }
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else stop(overLimit(call.limit ?? `output of git ${name}`, maxBytes))
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (errors.length < 16_384) errors += chunk.toString('utf8')
    })
    // git may end before it has read everything; its exit code tells why.
    child.stdin.on('error', () => undefined)
    child.on('error', (cause) =>
      settle(() =>
        reject(
          new SeamError('UNAVAILABLE', `git could not be started: ${systemCode(cause) ?? cause.message}.`, {
            cause,
            remedy: 'Install git 2.39.4 or newer where the worker runs.',
          }),
        ),
      ),
    )
    child.on('close', (code, signal) =>
      settle(() => {
        if (failure !== undefined) return reject(failure)
        if (code !== 0 && saysNoSpace(errors)) return reject(programWithoutSpace(`git ${name}`, errors))
        if (code === null || (code !== 0 && !(call.allow ?? []).includes(code)))
          return reject(failed(name, signal ?? code, errors.trim().slice(0, 2000)))
        resolve({ code, stdout: Buffer.concat(chunks), stderr: errors })
      }),
    )
    child.stdin.end(call.input)
  })
}

/** What a person has to settle before git gets through, by what it says then. */
const barred: readonly (readonly [RegExp, string])[] = [
  [
    /Authentication failed for|could not read (?:Username|Password) for|Permission denied \(/,
    'Name a credential for an https address under `git.credentials` of the configuration; for one of ssh, add a key to the agent of the service.',
  ],
  [
    /Host key verification failed/,
    "Compare the server's host key with what its operator publishes, and add it to `~/.ssh/known_hosts` of the service's user.",
  ],
]

function failed(name: string, how: string | number | null, told: string): SeamError {
  const message = `git ${name} failed (${how}): ${told}`
  const remedy = barred.find(([said]) => said.test(told))?.[1]
  return remedy === undefined ? new SeamError('UNAVAILABLE', message) : new SeamError('FORBIDDEN', message, { remedy })
}

export function overLimit(limit: string, max: number, path?: string): SeamError {
  const where = path === undefined ? '' : ` at ${path}`
  return overOwnLimit(
    `Over the limit of ${max} on ${limit}${where}.`,
    'Leave less behind, declare it as an output, ignore it in .gitignore, or raise the limit of the worker.',
  )
}

/** The error over a limit that has words of its own. */
export function overOwnLimit(message: string, remedy: string | undefined): SeamError {
  return new SeamError('LIMIT_EXCEEDED', message, { ...(remedy !== undefined && { remedy }), cause: ownLimit })
}

// A full disk or a storage that takes no more has the same code, and is not the attempt's fault.
const ownLimit = Symbol('a limit on what an attempt may leave')

/** Whether an error is one of `overLimit` or `overOwnLimit`. */
export function isOverLimit(error: unknown): error is SeamError {
  return isSeamError(error) && error.cause === ownLimit
}
